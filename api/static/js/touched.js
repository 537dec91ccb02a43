/** Whether somebody has changed a field since the page came, be it before its scripts were loaded. */
export function isTouched(field) {
  if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (field.type !== "select-one") return field.value !== (field.defaultValue ?? field.value);
  const first = [...field.options].findIndex((each) => each.defaultSelected);
  return field.selectedIndex !== Math.max(first, 0);
}
