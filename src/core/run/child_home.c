/* child_home: where a server of kelvin's own lives. SPDX-License-Identifier:
 * MIT */
#include "core/run/child_home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

static char *join(const char *base, const char *rest)
{
    size_t size = strlen(base) + strlen(rest) + 2;
    char *path = mem_alloc(size);

    snprintf(path, size, "%s/%s", base, rest);
    return path;
}

static void set_addr(struct child_home *home, const char *socket_name)
{
    char path[64];

    if (strlen(home->socket) < sizeof(home->addr.local.sun_path)) {
        store_addr_set_path(&home->addr, home->socket);
        return;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", home->directory_fd,
             socket_name);
    store_addr_set_path(&home->addr, path);
}

bool child_home_open(struct child_home *home, const char *data_dir,
                     const char *name, const char *socket_name,
                     struct strbuf *error)
{
    home->directory_fd = home->lock_fd = -1;
    home->directory = join(data_dir, name);
    home->socket = join(home->directory, socket_name);
    if ((mkdir(home->directory, 0700) == 0 || errno == EEXIST) &&
        (home->directory_fd =
             open(home->directory,
                  O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)) != -1 &&
        fchmod(home->directory_fd, 0700) == 0) {
        set_addr(home, socket_name);
        return true;
    }
    strbuf_printf(error, "%s: %s", home->directory, strerror(errno));
    return false;
}

bool child_home_lock(struct child_home *home, const char *topic)
{
    int fd;

    if (home->lock_fd != -1)
        return true;
    fd = openat(home->directory_fd, "lock",
                O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1) {
        log_warn(topic, "%s/lock", home->directory);
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
        close(fd);
        return false;
    }
    home->lock_fd = fd;
    return true;
}

void child_home_close(struct child_home *home)
{
    if (home->lock_fd != -1)
        close(home->lock_fd);
    if (home->directory_fd != -1)
        close(home->directory_fd);
    free(home->directory);
    free(home->socket);
}
