/* capture: where frames come from. SPDX-License-Identifier: MIT */
#include "core/run/capture.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/run/capture_internal.h"
#include "core/run/netif.h"
#include "core/util/mem.h"

void capture_fail(char *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, CAPTURE_ERROR_SIZE, format, args);
    va_end(args);
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);

    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

bool capture_is_list(const char *name)
{
    return ends_in(name, ".list");
}

static bool is_interface(const char *name)
{
    struct netif_info info;

    return strcmp(name, "any") == 0 || netif_query(name, &info);
}

/* So that a mistyped path is not called a missing interface. */
static bool looks_like_path(const char *name)
{
    return strchr(name, '/') != NULL || ends_in(name, ".pcap") ||
           ends_in(name, ".pcapng") || ends_in(name, ".cap") ||
           ends_in(name, ".gz");
}

static bool names_file(const char *name)
{
    struct stat about;

    if (strcmp(name, "-") == 0)
        return true;
    if (is_interface(name))
        return false;
    return looks_like_path(name) || stat(name, &about) == 0;
}

struct capture *capture_open(const struct capture_config *config, char *error)
{
    struct capture *capture = mem_calloc(1, sizeof(*capture));

    capture->config = *config;
    capture->name = mem_strdup(config->name);
    if (config->filter != NULL && *config->filter != '\0')
        capture->filter = mem_strdup(config->filter);
    capture->config.name = capture->name;
    capture->config.filter = capture->filter;
    if (names_file(capture->name))
        capture->file = capture_file_open(capture, error);
    else
        capture->live = capture_live_open(capture, error);
    if (capture->file == NULL && capture->live == NULL) {
        capture_close(capture);
        return NULL;
    }
    return capture;
}

void capture_start(struct capture *capture, struct loop *loop,
                   const struct capture_handler *handler)
{
    capture->loop = loop;
    capture->handler = *handler;
    if (capture->file != NULL)
        capture_file_start(capture->file);
    else
        capture_live_start(capture->live);
}

void capture_resume(struct capture *capture)
{
    if (capture->file != NULL)
        capture_file_resume(capture->file);
}

void capture_drain(struct capture *capture, int64_t until_us)
{
    if (capture->live != NULL)
        capture_live_drain(capture->live, until_us);
}

void capture_close(struct capture *capture)
{
    if (capture == NULL)
        return;
    capture_file_free(capture->file);
    capture_live_free(capture->live);
    free(capture->filter);
    free(capture->name);
    free(capture);
}

const char *capture_name(const struct capture *capture)
{
    return capture->name;
}

bool capture_is_file(const struct capture *capture)
{
    return capture->file != NULL;
}

bool capture_is_up(const struct capture *capture)
{
    return capture->file != NULL ? capture_file_is_up(capture->file)
                                 : capture_live_is_up(capture->live);
}

int capture_link_type(const struct capture *capture)
{
    return capture->file != NULL ? capture_file_link_type(capture->file)
                                 : capture_live_link_type(capture->live);
}

void capture_progress(const struct capture *capture, uint64_t *done,
                      uint64_t *total)
{
    *done = *total = 0;
    if (capture->file != NULL)
        capture_file_progress(capture->file, done, total);
}

void capture_stats(struct capture *capture, struct capture_stats *stats)
{
    *stats = (struct capture_stats){.frames = capture->frames};
    if (capture->live != NULL)
        capture_live_stats(capture->live, stats);
}

/* ---- lists ---- */

/* The line without the space around it; NULL when nothing is left. */
static char *list_entry(char *line)
{
    size_t len;

    line += strspn(line, " \t\r\n");
    len = strlen(line);
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        line[--len] = '\0';
    return *line == '\0' || *line == '#' ? NULL : line;
}

/* Give the entry to `add`, a relative path behind the list's folder. */
static bool list_add(const char *list, const char *entry,
                     bool (*add)(void *arg, const char *name), void *arg)
{
    const char *slash = strrchr(list, '/');
    char path[PATH_MAX];

    if (slash == NULL || *entry == '/' || strcmp(entry, "-") == 0 ||
        is_interface(entry))
        return add(arg, entry);
    snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - list), list, entry);
    return add(arg, path);
}

int capture_list_read(const char *path,
                      bool (*add)(void *arg, const char *name), void *arg,
                      char *error)
{
    FILE *file = fopen(path, "re");
    char line[PATH_MAX];
    unsigned number = 0;
    int result = -1;

    if (file == NULL) {
        capture_fail(error, "%s: %s", path, strerror(errno));
        return -1;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *entry;

        number++;
        if (strlen(line) == sizeof(line) - 1) {
            capture_fail(error, "%s:%u: the line is too long", path, number);
            goto close_file;
        }
        entry = list_entry(line);
        if (entry == NULL)
            continue;
        if (capture_is_list(entry)) {
            capture_fail(error, "%s:%u: a list cannot contain a list", path,
                         number);
            goto close_file;
        }
        if (!list_add(path, entry, add, arg))
            break;
    }
    if (ferror(file))
        capture_fail(error, "%s:%u: %s", path, number, strerror(errno));
    else
        result = 0;

close_file:
    fclose(file);
    return result;
}
