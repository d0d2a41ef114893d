/* share: where kelvin's own files are. SPDX-License-Identifier: MIT */
#include "core/run/share.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dir(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder that this program is in. */
static void program_dir(char program[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", program, PATH_MAX - 1);
    char *slash;

    program[len > 0 ? len : 0] = '\0';
    slash = strrchr(program, '/');
    if (slash != NULL)
        *slash = '\0';
}

bool share_find(const char *install_dir, char *path, size_t size)
{
    static const char *const beside[] = {"share", "../share/kelvin"};
    char program[PATH_MAX];

    if (install_dir != NULL) {
        snprintf(path, size, "%s", install_dir);
        return is_dir(path);
    }
    program_dir(program);
    for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
        int used = snprintf(path, size, "%s/%s", program, beside[i]);

        if (used > 0 && (size_t)used < size && is_dir(path))
            return true;
    }
    path[0] = '\0';
    return false;
}

/* Go up `levels` folders; false at the top. */
static bool go_up(char *path, unsigned levels)
{
    for (; levels > 0; levels--) {
        char *slash = strrchr(path, '/');

        if (slash == NULL)
            return false;
        *slash = '\0';
    }
    return true;
}

bool share_find_scripts(const char *install_dir, char *path, size_t size)
{
    static const struct {
        unsigned up;
        const char *down;
    } places[] = {{1, "/share/kelvin"}, {1, ""}, {2, ""}};
    char program[PATH_MAX];
    char scripts[PATH_MAX + 32];

    if (install_dir != NULL) {
        snprintf(path, size, "%s", install_dir);
        snprintf(scripts, sizeof(scripts), "%.*s/scripts", PATH_MAX, path);
        return is_dir(scripts);
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        program_dir(program);
        if (!go_up(program, places[i].up))
            continue;
        snprintf(path, size, "%s%s", program, places[i].down);
        snprintf(scripts, sizeof(scripts), "%.*s/scripts", PATH_MAX, path);
        if (is_dir(scripts))
            return true;
    }
    program_dir(program);
    (void)go_up(program, 1);
    snprintf(path, size, "%s%s", program, places[0].down);
    return false;
}
