/* rotation: a file that is put aside now and then. SPDX-License-Identifier: MIT
 */
#include "export/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define STAMP_LEN 15 /* 20261124-190000 */
#define SAME_SECOND 100

bool rotation_read(struct rotation *rotation, struct spec *spec,
                   struct strbuf *error)
{
    *rotation = (struct rotation){0};
    return spec_size(spec, "size", 1, UINT64_C(1) << 50, &rotation->max_size,
                     error) &&
           spec_seconds(spec, "every", 1, 366 * 86400, &rotation->every_s,
                        error) &&
           spec_size(spec, "keep", 1, 100000, &rotation->keep, error) &&
           spec_flag(spec, "gzip", &rotation->gzip, error);
}

bool rotation_is_due(const struct rotation *rotation, uint64_t size,
                     int64_t since_s, int64_t now_s)
{
    int64_t every_s = (int64_t)rotation->every_s;

    if (size == 0)
        return false;
    return (rotation->max_size != 0 && size >= rotation->max_size) ||
           (every_s != 0 && now_s / every_s > since_s / every_s);
}

/* Whether there was such a name, which gzip has made longer. */
static bool is_taken(const char *name)
{
    struct strbuf zipped;
    bool is_there;

    strbuf_init(&zipped, strlen(name) + sizeof(".gz"));
    strbuf_printf(&zipped, "%s.gz", name);
    is_there = access(zipped.text, F_OK) == 0;
    strbuf_free(&zipped);
    return is_there;
}

bool rotation_move(struct rotation *rotation, const char *path, int64_t now_s)
{
    time_t now = (time_t)now_s;
    char stamp[STAMP_LEN + 1];
    struct strbuf to;
    bool is_moved = false;
    struct tm tm;

    (void)rotation;
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
    strbuf_init(&to, strlen(path) + 64);
    for (unsigned i = 0; i < SAME_SECOND && !is_moved; i++) {
        strbuf_reset(&to);
        strbuf_printf(&to, "%s.%s-%02u", path, stamp, i);
        if (is_taken(to.text))
            continue;
        is_moved = link(path, to.text) == 0; /* never over another one */
        if (!is_moved && errno != EEXIST)
            break;
    }
    if (is_moved)
        is_moved = unlink(path) == 0;
    strbuf_free(&to);
    return is_moved;
}

/* Files that were put aside, by name, which is the oldest first. */
struct asides {
    char **names;
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_aside(const char *name, const char *base)
{
    size_t len = strlen(base);

    return strncmp(name, base, len) == 0 && name[len] == '.' &&
           strspn(name + len + 1, "0123456789-") >= STAMP_LEN;
}

static bool is_zipped(const char *name)
{
    size_t len = strlen(name);

    return len > 3 && strcmp(name + len - 3, ".gz") == 0;
}

static void find_asides(const char *folder, const char *base,
                        struct asides *asides)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    size_t room = 0;

    *asides = (struct asides){NULL, 0};
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (!is_aside(entry->d_name, base))
            continue;
        if (asides->count == room) {
            room = 2 * room + 16;
            asides->names =
                mem_realloc(asides->names, room, sizeof(asides->names[0]));
        }
        asides->names[asides->count++] = mem_strdup(entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    if (asides->count > 1)
        qsort(asides->names, asides->count, sizeof(asides->names[0]),
              compare_names);
}

static pid_t start_gzip(const char *path)
{
    const char *const argv[] = {"gzip", "-q", "--", path, NULL};
    const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;
    int why;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    why = posix_spawnp(&pid, "gzip", NULL, &attributes, (char *const *)argv,
                       (char *const *)environment);
    posix_spawnattr_destroy(&attributes);
    if (why == 0)
        return pid;
    log_warnx("export", "gzip %s: %s", path, strerror(why));
    return 0;
}

static void tend_asides(struct rotation *rotation, const char *folder,
                        const struct asides *asides)
{
    size_t gone = 0;
    struct strbuf path;

    if (rotation->keep != 0 && asides->count > rotation->keep)
        gone = asides->count - (size_t)rotation->keep;
    strbuf_init(&path, 8192);
    for (size_t i = 0; i < asides->count; i++) {
        strbuf_reset(&path);
        strbuf_printf(&path, "%s/%s", folder, asides->names[i]);
        if (i < gone)
            (void)unlink(path.text);
        else if (rotation->gzip && rotation->zipping == 0 &&
                 !is_zipped(asides->names[i]))
            rotation->zipping = start_gzip(path.text);
    }
    strbuf_free(&path);
}

void rotation_tend(struct rotation *rotation, const char *path)
{
    char *folder = mem_strdup(path);
    char *base = strrchr(folder, '/');
    struct asides asides;

    if (base != NULL && rotation->zipping == 0) {
        *base++ = '\0';
        find_asides(*folder != '\0' ? folder : "/", base, &asides);
        tend_asides(rotation, folder, &asides);
        for (size_t i = 0; i < asides.count; i++)
            free(asides.names[i]);
        free(asides.names);
    }
    free(folder);
}

bool rotation_has_zipped(struct rotation *rotation)
{
    if (rotation->zipping == 0 ||
        waitpid(rotation->zipping, NULL, WNOHANG) == 0)
        return false;
    rotation->zipping = 0;
    return true;
}
