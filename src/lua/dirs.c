/* dirs: the directories that scripts know. SPDX-License-Identifier: MIT */
#include "lua/dirs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/run/share.h"
#include "core/util/mem.h"

static void dir_open(struct dir *dir, const char *path)
{
    size_t len;

    dir->path = mem_strdup(path);
    len = strlen(dir->path);
    while (len > 1 && dir->path[len - 1] == '/')
        dir->path[--len] = '\0';
    dir->fd = len == 0 ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* `given` if there is one, else `preset`; relative ones count from `base`. */
static void dir_open_in(struct dir *dir, const struct dir *base,
                        const char *given, const char *preset)
{
    const char *name = given != NULL ? given : preset;
    char path[PATH_MAX];

    if (name[0] == '/')
        snprintf(path, sizeof(path), "%s", name);
    else
        snprintf(path, sizeof(path), "%s/%s", base->path, name);
    dir_open(dir, path);
}

void dirs_open(struct lib_dirs *dirs, const struct options *options)
{
    char install[PATH_MAX];

    (void)share_find_scripts(options->install_dir, install, sizeof(install));
    dir_open(&dirs->install, install);
    dir_open(&dirs->data, options->data_dir);
    dir_open_in(&dirs->scripts, &dirs->install, options->scripts_dir,
                "scripts");
    dir_open_in(&dirs->httpdocs, &dirs->install, options->httpdocs_dir, "html");
    dir_open_in(&dirs->callbacks, &dirs->install, options->callbacks_dir,
                "scripts/callbacks");
    dir_open_in(&dirs->pages, &dirs->scripts, NULL, "lua");
    dir_open_in(&dirs->modules, &dirs->scripts, NULL, "lua/modules");
}

static void dir_close(struct dir *dir)
{
    if (dir->path != NULL && dir->fd >= 0)
        close(dir->fd);
    free(dir->path);
    *dir = (struct dir){NULL, -1};
}

void dirs_close(struct lib_dirs *dirs)
{
    dir_close(&dirs->install);
    dir_close(&dirs->data);
    dir_close(&dirs->scripts);
    dir_close(&dirs->httpdocs);
    dir_close(&dirs->callbacks);
    dir_close(&dirs->pages);
    dir_close(&dirs->modules);
}
