// Draws the figures and ties the data map to the table of records. Whatever comes from data becomes
// text nodes, never markup.
"use strict";

(async () => {
  const ROWS = 20;
  const NAMES = ["label", "suggested", "text"];
  const SPOKEN = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const views = new Map();

  const rowsOf = (columns) => {
    const names = Object.keys(columns);
    const count = names.length ? columns[names[0]].length : 0;
    return Array.from({ length: count }, (_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };

  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const spoken = (value) => {
    if (value === null || value === undefined) return "–";
    if (typeof value === "number") return SPOKEN.format(value).replace("-", "−");
    return String(value);
  };

  // The button goes through the system's theme, light and dark.
  const offerThemes = () => {
    const button = document.getElementById("theme");
    const themes = ["system", "light", "dark"];
    button.hidden = false;
    button.addEventListener("click", () => {
      const now = document.documentElement.dataset.theme ?? "system";
      const next = themes[(themes.indexOf(now) + 1) % themes.length];
      if (next === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = next;
      button.textContent = `Theme: ${next}`;
    });
  };

  // Where the links stay at the top, sections are scrolled to below them, however many lines they take.
  const keepClear = () => {
    const header = document.querySelector(".top");
    const style = document.documentElement.style;
    new ResizeObserver(() => {
      const stays = getComputedStyle(header).position === "sticky";
      style.scrollPaddingTop = stays ? `${header.offsetHeight + 12}px` : "";
    }).observe(header);
  };

  const draw = async (figure, shared) => {
    const datasets = { ...shared };
    for (const [name, columns] of Object.entries(figure.data)) datasets[name] = rowsOf(columns);
    const options = { renderer: "svg", actions: false, ast: true, tooltip: { theme: "custom" } };
    const place = document.getElementById(figure.id);
    const drawn = await vegaEmbed(place, { ...figure.spec, datasets }, options);
    views.set(figure.id, drawn.view);
  };

  // The table of records: what is shown follows from the filters and nothing else.
  class Explorer {
    constructor(content, rows) {
      this.content = content;
      this.rows = rows;
      this.box = document.querySelector(`[data-explorer="${CSS.escape(content.name)}"]`);
      this.form = this.box.querySelector("form");
      this.body = this.box.querySelector("tbody");
      this.shown = ROWS;
      this.place = null;
      this.texts = rows.map((row) => `${row.text ?? ""}`.toLowerCase());
      this.fill();
      this.listen();
      this.show();
    }

    get control() {
      return this.form.elements;
    }

    fill() {
      const { columns, data } = this.content;
      const head = this.box.querySelector("thead tr");
      this.headings = [{ field: "row", title: "row" }];
      for (const name of NAMES) if (data[name]) this.headings.push({ field: name, title: name });
      this.headings.push(...columns.filter((column) => column.primary).slice(0, 6));
      for (const { title, field } of this.headings) {
        const numeric = !NAMES.includes(field);
        head.append(element("th", title, { scope: "col", ...(numeric && { class: "number" }) }));
      }
      for (const label of [...new Set(data.label ?? [])].filter((label) => label !== null).sort().slice(0, 200)) {
        this.control.label.append(element("option", label, { value: `=${label}` }));
      }
      this.control.sort.append(element("option", "place in the data", { value: "row" }));
      for (const { title, field, harder } of columns) {
        if (!harder) continue;
        this.control.sort.append(element("option", `${title}, hardest first`, { value: `${field} hard` }));
        this.control.sort.append(element("option", `${title}, easiest first`, { value: `${field} easy` }));
      }
      if (this.control.sort.options.length > 1) this.control.sort.options[1].defaultSelected = true;
      this.form.reset();
    }

    listen() {
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.form.addEventListener("input", () => this.show());
      this.form.addEventListener("reset", () => {
        this.place = null;
        setTimeout(() => this.show());  // the controls have their values when the event is over
      });
      this.box.querySelector(".more").addEventListener("click", () => {
        const first = this.body.rows.length;
        this.shown += ROWS;
        this.render();
        this.focus(first);
      });
      this.body.addEventListener("keydown", (event) => this.key(event));
      this.body.addEventListener("focusin", (event) => this.pick(event.target.closest("tr")));
      this.body.addEventListener("mouseover", (event) => this.pick(event.target.closest("tr")));
      this.body.addEventListener("mouseleave", () => this.pick(null));
    }

    // Ties the table to a data map: a click keeps its cell, a drag its area.
    attach(view) {
      this.view = view;
      view.addSignalListener("area", (_, area) => {
        const { x, y } = this.content.map;
        if (area[x] && area[y]) this.keep({ kind: "area", x: area[x], y: area[y] });
        else if (this.place?.kind === "area") this.keep(null);
      });
      view.addEventListener("click", (_, item) => {
        const place = item?.datum && this.cellOf(item.datum);
        if (place) this.keep(place);
      });
    }

    // The cell of the map that a point or a shaded cell lies in.
    cellOf(datum) {
      const { x, y, across, up, reach } = this.content.map;
      let step;
      if (datum.cell !== undefined) step = [datum.cell % across, Math.floor(datum.cell / across)];
      else if (typeof datum[x] === "number" && typeof datum[y] === "number") {
        step = [Math.min(Math.floor((datum[x] / reach) * across), across - 1), Math.min(Math.floor(datum[y] * up), up - 1)];
      } else return null;
      const width = reach / across;
      return { kind: "cell", x: [step[0] * width, (step[0] + 1) * width], y: [step[1] / up, (step[1] + 1) / up] };
    }

    keep(place) {
      this.place = place;
      this.show();
    }

    passes(row, index) {
      const words = this.control.words.value.trim().toLowerCase();
      const label = this.control.label?.value;
      const region = this.control.region?.value;
      if (words && !words.split(/\s+/).every((word) => this.texts[index].includes(word))) return false;
      if (label && `=${row.label}` !== label) return false;
      if (!this.content.map) return true;
      const { x, y, easy, hard, ambiguous } = this.content.map;
      if (region === "easy" && !(row[y] >= easy)) return false;
      if (region === "hard" && !(row[y] !== null && row[y] <= hard)) return false;
      if (region === "ambiguous" && !(row[x] >= ambiguous)) return false;
      if (!this.place) return true;
      const inside = (value, [low, high]) => value !== null && value >= low && value <= high;
      return inside(row[x], this.place.x) && inside(row[y], this.place.y);
    }

    show() {
      const [field, end] = this.control.sort.value.split(" ");
      const column = this.content.columns.find((one) => one.field === field);
      const sign = !column || (column.harder === "lower") === (end === "hard") ? 1 : -1;
      this.found = this.rows.filter((row, index) => this.passes(row, index));
      this.found.sort((a, b) => {
        if (a[field] === null || b[field] === null) return (a[field] === null) - (b[field] === null) || a.row - b.row;
        return sign * (a[field] - b[field]) || a.row - b.row;
      });
      this.shown = ROWS;
      this.render();
      this.say();
    }

    say() {
      const { of } = this.content;
      const number = (value) => value.toLocaleString("en");
      const sampled = this.rows.length < of ? ` of ${number(this.rows.length)} sampled of ${number(of)}` : ` of ${number(of)}`;
      const where = { area: ", in the area marked on the map", cell: ", near the place clicked on the map" };
      const place = this.place ? where[this.place.kind] : "";
      this.box.querySelector(".status").textContent = `${number(this.found.length)}${sampled} records${place}.`;
    }

    render() {
      const lines = this.found.slice(0, this.shown).map((row, index) => {
        const line = element("tr", undefined, { tabindex: index ? "-1" : "0" });
        for (const { field, title } of this.headings) {
          const kind = field === "text" ? "text" : NAMES.includes(field) ? "" : "number";
          const value = field === "row" ? row.row.toLocaleString("en") : spoken(row[field]);
          line.append(element("td", value, { "data-heading": title, ...(kind && { class: kind }) }));
        }
        line.record = row;
        return line;
      });
      this.body.replaceChildren(...lines);
      this.box.querySelector(".more").hidden = this.found.length <= this.shown;
      this.pick(null);
    }

    // Rings a record on the map.
    pick(line) {
      const record = line?.record ?? null;
      if (!this.view || record === this.picked) return;
      this.picked = record;
      const { x, y } = this.content.map;
      const ring = record && record[x] !== null ? [{ [x]: record[x], [y]: record[y] }] : [];
      this.view.data("picked", ring).runAsync();
    }

    key(event) {
      const lines = [...this.body.rows];
      const at = lines.indexOf(event.target.closest("tr"));
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        this.focus(Math.max(0, Math.min(to, lines.length - 1)));
      } else if (event.key === "Enter" && this.content.map) {
        const place = this.cellOf(lines[at].record);
        if (place) {
          this.keep(place);
          this.focus(0);
        }
      }
    }

    // One row at a time is in the order of the Tab key.
    focus(index) {
      const lines = [...this.body.rows];
      lines.forEach((line, i) => line.setAttribute("tabindex", i === index ? "0" : "-1"));
      lines[index]?.focus();
    }
  }

  offerThemes();
  keepClear();
  const explorers = report.explorers.map((content) => new Explorer(content, rowsOf(content.data)));
  for (const figure of report.figures) {
    const own = explorers.filter(({ content }) => content.map?.figure === figure.id);
    await draw(figure, Object.fromEntries(own.map(({ content, rows }) => [content.name, rows])));
    for (const explorer of own) explorer.attach(views.get(figure.id));
  }
  document.documentElement.dataset.state = "drawn";
})().catch((error) => {
  document.documentElement.dataset.state = "failed";
  throw error;
});
