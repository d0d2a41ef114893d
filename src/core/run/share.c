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

bool share_find(const char *install_dir, char *path, size_t size)
{
    static const char *const beside[] = {"share", "../share/kelvin"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;

    if (install_dir != NULL) {
        snprintf(path, size, "%s", install_dir);
        return is_dir(path);
    }
    program[len > 0 ? len : 0] = '\0';
    slash = strrchr(program, '/');
    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
        int used = snprintf(path, size, "%s/%s", program, beside[i]);

        if (used > 0 && (size_t)used < size && is_dir(path))
            return true;
    }
    path[0] = '\0';
    return false;
}
