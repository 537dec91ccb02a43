/** Filters a table's rows as one types; without this the form asks for the page with the rows that are wanted. */
export function liveTables() {
  for (const tools of document.querySelectorAll("[data-tools]")) {
    const table = document.getElementById(tools.dataset.tools), field = tools.querySelector("input[type=search]");
    if (!table || !field || field.defaultValue) continue;
    const said = tools.querySelector("[data-count]"), file = tools.querySelector("[data-export]");
    tools.querySelector("[data-without]").hidden = true;
    tools.addEventListener("submit", (event) => event.preventDefault());
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      let left = 0;
      for (const row of table.tBodies[0].rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        left += !row.hidden;
      }
      said.textContent = `${left} ${said.dataset.count}`;
      if (!file) return;
      const address = new URL(file.href);
      address.searchParams.set(field.name, field.value.trim());
      file.href = address;
    });
  }
}
