// menus: they close by themselves; filters need no button.
// SPDX-License-Identifier: MIT

function closeMenus(but) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== but) menu.open = false;
  }
}

function remember(theme) {
  const age = theme === "system" ? 0 : 365 * 86400;
  const path = document.body.dataset.prefix || "/";
  document.cookie =
    `theme=${theme}; path=${path}; max-age=${age}; SameSite=Lax`;
}

function startThemes() {
  const list = document.getElementById("themes");
  const root = document.documentElement;
  const show = () => {
    for (const button of list.children) {
      button.setAttribute("aria-pressed",
        String(button.dataset.themeSet === (root.dataset.theme ?? "system")));
    }
  };
  list.hidden = false;
  list.addEventListener("click", (event) => {
    const theme = event.target.dataset.themeSet;
    if (!theme) return;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    remember(theme);
    show();
    document.dispatchEvent(new Event("theme"));
  });
  show();
}

export function startMenus() {
  startThemes();
  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.menu"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });
  for (const form of document.querySelectorAll("form[data-submits]")) {
    form.addEventListener("change", () => form.requestSubmit());
    // What is empty need not be in the URL.
    form.addEventListener("submit", () => {
      for (const field of form.elements) {
        if (field.name) field.disabled = field.value === "";
      }
    });
  }
  // The button "back" shows the form as it was.
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[data-submits] *")) {
      field.disabled = false;
    }
  });
}
