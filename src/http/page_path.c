/* page_path: which script a path means. SPDX-License-Identifier: MIT */
#include "http/page_path.h"

#include <stdio.h>
#include <string.h>

#define ENDING ".lua"
#define MODULES "modules/"

/* Letters, digits, '_', '-' and '.', but for a first '.': no file of scripts
 * is called otherwise, and what hides stays hidden. */
static bool is_name(const char *text, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    return len > 0 && text[0] != '.' && strspn(text, allowed) >= len;
}

static bool has_plain_names(const char *path)
{
    for (;;) {
        size_t len = strcspn(path, "/");

        if (!is_name(path, len))
            return false;
        if (path[len] == '\0')
            return true;
        path += len + 1;
    }
}

static bool ends_in_lua(const char *path)
{
    size_t len = strlen(path);

    return len > strlen(ENDING) &&
           strcmp(path + len - strlen(ENDING), ENDING) == 0;
}

/* `rest` is behind "modules/": a directory, and maybe a name in it. */
static bool module_path(const char *rest, char script[PAGE_PATH_MAX],
                        char index[PAGE_PATH_MAX])
{
    int len = (int)strcspn(rest, "/");
    const char *name = rest[len] == '/' ? rest + len + 1 : "";
    const char *ending = ends_in_lua(name) ? "" : ENDING;
    int name_len = (int)strcspn(name, "/");

    if (!is_name(rest, (size_t)len) || memchr(rest, '.', (size_t)len) != NULL)
        return false;
    if (*name == '\0') {
        name = "index";
        name_len = (int)strlen(name);
    } else if (!is_name(name, (size_t)name_len) ||
               strlen(name + name_len) > 1) { /* one '/' may end it */
        return false;
    }
    snprintf(index, PAGE_PATH_MAX, MODULES "%.*s/index" ENDING, len, rest);
    snprintf(script, PAGE_PATH_MAX, MODULES "%.*s/%.*s%s", len, rest, name_len,
             name, ending);
    return true;
}

bool page_path(const char *path, char script[PAGE_PATH_MAX],
               char index[PAGE_PATH_MAX])
{
    static const char root[] = "/lua/";

    index[0] = '\0';
    if (strcmp(path, "/") == 0) {
        snprintf(script, PAGE_PATH_MAX, "index" ENDING);
        return true;
    }
    if (strncmp(path, root, strlen(root)) != 0 || strlen(path) >= PATH_TEXT_MAX)
        return false;
    path += strlen(root);
    if (strncmp(path, MODULES, strlen(MODULES)) == 0)
        return module_path(path + strlen(MODULES), script, index);
    if (!has_plain_names(path) || !ends_in_lua(path))
        return false;
    snprintf(script, PAGE_PATH_MAX, "%s", path);
    return true;
}
