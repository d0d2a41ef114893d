/* page_path: which script a path means. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_PAGE_PATH_H
#define KELVIN_HTTP_PAGE_PATH_H

#include <stdbool.h>

#include "http/path.h"

#define PAGE_PATH_MAX (PATH_TEXT_MAX + 16)

/*
 * The script for a decoded path (path.h), relative to scripts/lua: index.lua
 * for "/", "x/y.lua" for "/lua/x/y.lua". Modules are no pages, but a directory
 * of them can hold some: "/lua/modules/grafana" is its index.lua, and
 * "/lua/modules/grafana/search" its search.lua.
 * @param index gets, for the latter two, the index.lua that must be there for
 * the directory to be one of pages; "" else. Nothing is looked up here.
 * @return false: the path is none of a script.
 */
bool page_path(const char *path, char script[PAGE_PATH_MAX],
               char index[PAGE_PATH_MAX]);

#endif
