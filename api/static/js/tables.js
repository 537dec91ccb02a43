/** Tables that sort by their heads, filter as one types, and export the rows that are left as CSV. */

const text = (cell) => (cell?.dataset.key ?? cell?.textContent ?? "").trim();
const order = new Intl.Collator(document.documentElement.lang, { numeric: true });

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, other) => order.compare(text(one.cells[column]), text(other.cells[column])) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}

function filters(tools, table) {
  const said = tools.querySelector("[data-count]");
  tools.querySelector("input[type=search]")?.addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    let left = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      left += !row.hidden;
    }
    said.textContent = `${left} ${said.dataset.count}`;
  });
}

/** A cell of CSV (RFC 4180); what a spreadsheet would take for a formula gets a sign before it. */
function quoted(value) {
  const calm = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${calm.replaceAll('"', '""').replace(/\s+/g, " ")}"`;
}

function exports(tools, table) {
  tools.querySelector("[data-export]")?.addEventListener("click", () => {
    const rows = [...table.rows].filter((row) => !row.hidden);
    const lines = rows.map((row) => [...row.cells].map((cell) => quoted(cell.textContent.trim())).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.download = `${table.id}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

export function liveTables() {
  for (const table of document.querySelectorAll("table[data-sorts]")) sortable(table);
  for (const tools of document.querySelectorAll("[data-tools]")) {
    const table = document.getElementById(tools.dataset.tools);
    if (!table) continue;
    filters(tools, table);
    exports(tools, table);
    tools.hidden = false;
  }
}
