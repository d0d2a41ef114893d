/* beneath: files inside a directory, and nowhere else.
 * SPDX-License-Identifier: MIT */
#include "core/run/beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALWAYS (O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define DEPTH_MAX 64 /* of a tree that is removed */

/* Copy the first component of the path; @return what follows it, or NULL when
 * it is too long. */
static const char *component(const char *path, char name[NAME_MAX + 1])
{
    size_t len = strcspn(path, "/");

    if (len > NAME_MAX)
        return NULL;
    memcpy(name, path, len);
    name[len] = '\0';
    return path + len + strspn(path + len, "/");
}

/* For kernels before 5.6: step by step, without links and "..". */
static int walk(int dir, const char *path, int flags, mode_t mode)
{
    char name[NAME_MAX + 1];
    int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    while (at >= 0) {
        const char *rest = component(path, name);
        bool is_last = rest != NULL && *rest == '\0';
        int next;

        if (rest == NULL || strcmp(name, "..") == 0) {
            errno = rest == NULL ? ENAMETOOLONG : EXDEV;
            next = -1;
        } else if (is_last) {
            next = openat(at, name, flags | O_NOFOLLOW | ALWAYS, mode);
        } else {
            next =
                openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        int saved = errno;

        close(at);
        errno = saved;
        if (is_last || next < 0)
            return next;
        at = next;
        path = rest;
    }
    return -1;
}

int beneath_open(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | ALWAYS),
        .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    if (*path == '\0')
        path = ".";
    if (flags & O_PATH)
        how.flags = (unsigned)(flags | O_CLOEXEC); /* else it is refused */
    fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    /* Sandboxes answer EPERM to system calls that they do not know. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        if (*path == '/') {
            errno = EXDEV;
            return -1;
        }
        return walk(dir, path, flags, mode);
    }
    return (int)fd;
}

int beneath_stat(int dir, const char *path, struct stat *info)
{
    int fd = beneath_open(dir, path, O_PATH, 0);
    int result;

    if (fd < 0)
        return -1;
    result = fstat(fd, info);
    close(fd);
    return result;
}

int beneath_mkdirs(int dir, const char *path)
{
    char name[NAME_MAX + 1];
    int at = beneath_open(dir, ".", O_PATH | O_DIRECTORY, 0);

    while (at >= 0 && *path != '\0') {
        const char *rest = component(path, name);
        int next = -1;

        if (rest == NULL)
            errno = ENAMETOOLONG;
        else if (strcmp(name, "..") == 0)
            errno = EXDEV;
        else if (mkdirat(at, name, 0750) == 0 || errno == EEXIST)
            next = beneath_open(at, name, O_PATH | O_DIRECTORY, 0);

        int saved = errno;

        close(at);
        errno = saved;
        at = next;
        path = rest;
    }
    if (at < 0)
        return -1;
    close(at);
    return 0;
}

/* Remove what is in the directory; `*budget` 0 means that there may be more.
 * Takes `fd` over. @return 0 or -1 with errno set. */
static int empty_dir(int fd, unsigned *budget, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int result = 0;

    if (dir == NULL) {
        close(fd);
        return -1;
    }
    while (result == 0 && *budget > 0 && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        int inner;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (unlinkat(fd, name, 0) == 0) {
            --*budget;
            continue;
        }
        if (errno != EISDIR && errno != EPERM) {
            result = -1;
            break;
        }
        inner =
            openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0 || depth >= DEPTH_MAX) {
            if (inner >= 0)
                close(inner);
            result = -1;
            break;
        }
        result = empty_dir(inner, budget, depth + 1);
        if (result == 0 && *budget > 0) {
            result = unlinkat(fd, name, AT_REMOVEDIR);
            --*budget;
        }
    }
    int saved = errno;

    closedir(dir);
    errno = saved;
    return result;
}

/* Open the directory that holds the last component, and point at that. */
static int open_parent(int dir, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX];

    *name = slash != NULL ? slash + 1 : path;
    if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
        errno = EINVAL;
        return -1;
    }
    snprintf(parent, sizeof(parent), "%.*s",
             slash != NULL ? (int)(slash - path) : 0, path);
    return beneath_open(dir, parent, O_RDONLY | O_DIRECTORY, 0);
}

int beneath_remove(int dir, const char *path, unsigned *budget)
{
    const char *name;
    int parent = open_parent(dir, path, &name);
    int result = -1;
    int inner;

    if (parent < 0)
        return -1;
    if (unlinkat(parent, name, 0) == 0) {
        result = 0;
    } else if (errno == EISDIR || errno == EPERM) {
        inner = openat(parent, name,
                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0 && empty_dir(inner, budget, 0) == 0)
            result = *budget == 0 ? 1 : unlinkat(parent, name, AT_REMOVEDIR);
    }
    int saved = errno;

    close(parent);
    errno = saved;
    return result;
}

const char *beneath_relative(const char *root, const char *path)
{
    size_t len = strlen(root);

    while (len > 0 && root[len - 1] == '/')
        len--;
    if (strncmp(root, path, len) != 0 ||
        (path[len] != '/' && path[len] != '\0'))
        return NULL;
    return path + len + strspn(path + len, "/");
}
