/* access_log: who asked for what. SPDX-License-Identifier: MIT */
#include "http/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
#define RETRY_US (60 * (int64_t)SECOND_US)
#define NAME "ntopng_access.log"
#define LINE_MAX_BYTES 40960 /* a target of 8 KiB, all of it escaped */

struct access_log {
    struct loop *loop;
    const struct prefs *prefs;
    struct server_counters *counters;
    struct loop_source *second; /* paused while nothing waits */
    char *path;
    bool is_always;   /* whatever the preference says */
    bool is_within;   /* the beginning of the first line is written */
    bool is_failing;  /* and that has been told */
    int fd;           /* -1: to be opened */
    int64_t retry_us; /* not before */
    struct strbuf held;
};

static void on_second(void *arg);

struct access_log *access_log_new(struct loop *loop, const struct prefs *prefs,
                                  const char *path, const char *data_dir,
                                  struct server_counters *counters)
{
    struct access_log *log = mem_calloc(1, sizeof(*log));
    char name[PATH_MAX];

    snprintf(name, sizeof(name), "%s/" NAME, data_dir);
    log->loop = loop;
    log->prefs = prefs;
    log->counters = counters;
    log->path = mem_strdup(path != NULL ? path : name);
    log->is_always = path != NULL;
    log->fd = -1;
    strbuf_init(&log->held, ACCESS_LOG_HELD);
    log->second = loop_every(loop, SECOND_US, LOOP_PAGE, on_second, log);
    loop_source_pause(log->second);
    return log;
}

void access_log_free(struct access_log *log)
{
    if (log == NULL)
        return;
    on_second(log);
    if (log->fd >= 0)
        close(log->fd);
    loop_source_free(log->second);
    strbuf_free(&log->held);
    free(log->path);
    free(log);
}

/* --- The file --- */

/* The first `len` bytes are done with. */
static void drop(struct access_log *log, size_t len)
{
    struct strbuf *held = &log->held;

    memmove(held->text, held->text + len, held->len - len + 1);
    held->len -= len;
}

void access_log_reopen(struct access_log *log)
{
    if (log == NULL)
        return;
    on_second(log);
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
    log->retry_us = 0;
    if (!log->is_within)
        return;
    /* Its beginning is in the file before. */
    drop(log, strcspn(log->held.text, "\n") + 1);
    log->counters->access_lost++;
    log->is_within = false;
}

static void tell_failure(struct access_log *log)
{
    if (!log->is_failing)
        log_warn("http", "cannot write %s", log->path);
    log->is_failing = true;
}

/* As kelvin's user. No symbolic link is followed: others may write there. A
 * FIFO without a reader fails at once. */
static bool is_open(struct access_log *log)
{
    int64_t now_us = loop_now_us(log->loop);

    if (log->fd >= 0)
        return true;
    if (now_us < log->retry_us)
        return false;
    log->fd = open(log->path,
                   O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
                       O_NONBLOCK | O_NOFOLLOW,
                   0640);
    if (log->fd >= 0)
        return true;
    log->retry_us = now_us + RETRY_US;
    tell_failure(log);
    return false;
}

static void on_second(void *arg)
{
    struct access_log *log = arg;
    ssize_t done;

    if (log->held.len > 0 && is_open(log)) {
        done = write(log->fd, log->held.text, log->held.len);
        if (done > 0) {
            log->is_within = log->held.text[done - 1] != '\n';
            drop(log, (size_t)done);
            log->is_failing = false;
        } else if (errno != EAGAIN && errno != EINTR) {
            tell_failure(log);
        }
    }
    if (log->held.len == 0)
        loop_source_pause(log->second);
}

/* --- Lines --- */

static bool is_on(const struct access_log *log)
{
    return log != NULL &&
           (log->is_always || (log->prefs != NULL &&
                               prefs_bool(log->prefs, PREF_ENABLE_ACCESS_LOG)));
}

static void put_escaped(struct strbuf *line, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c > ' ' && c < 0x7f && c != '"' && c != '\\')
            strbuf_add(line, text + i, 1);
        else
            strbuf_printf(line, "\\x%02x", c);
    }
}

static bool contains(const char *text, size_t len, const char *word)
{
    size_t word_len = strlen(word);

    for (size_t i = 0; i + word_len <= len; i++)
        if (strncasecmp(text + i, word, word_len) == 0)
            return true;
    return false;
}

/* Whether a piece of a query tells what nobody should read: a word says so, or
 * its name hides what it is. */
static bool is_secret(const char *piece, size_t len)
{
    static const char *const words[] = {"pass", "csrf", "token", "session",
                                        "secret"};
    const char *end = memchr(piece, '=', len);
    size_t name_len = end != NULL ? (size_t)(end - piece) : len;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (contains(piece, len, words[i]))
            return true;
    return memchr(piece, '%', name_len) != NULL;
}

static void put_target(struct strbuf *line, const char *target)
{
    size_t len = strcspn(target, "?");

    put_escaped(line, target, len);
    for (target += len; *target != '\0'; target += len) {
        strbuf_add(line, target++, 1); /* '?' or '&' */
        len = strcspn(target, "&");
        if (!is_secret(target, len)) {
            put_escaped(line, target, len);
        } else {
            put_escaped(line, target, strcspn(target, "=&"));
            strbuf_puts(line, "=*");
        }
    }
}

/* "10.0.0.1 - admin [24/Nov/2026:18:20:07 +0000] " */
static void put_who_and_when(struct strbuf *line, const struct addr *peer,
                             const char *user)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)(loop_wall_us() / SECOND_US);
    char text[ADDR_TEXT_SIZE];
    char clock[32];
    struct tm local;

    localtime_r(&now, &local);
    strftime(clock, sizeof(clock), "%Y:%H:%M:%S %z", &local);
    strbuf_printf(line, "%s - ", addr_format(peer, text));
    put_escaped(line, user, strlen(user));
    strbuf_printf(line, "%s [%02d/%s/%s] ", user[0] == '\0' ? "-" : "",
                  local.tm_mday, months[local.tm_mon], clock);
}

static void add(struct access_log *log, struct strbuf *line, int status,
                uint64_t bytes)
{
    strbuf_printf(line, " %d ", status);
    if (bytes > 0)
        strbuf_printf(line, "%" PRIu64 "\n", bytes);
    else
        strbuf_puts(line, "-\n");
    if (log->held.len + line->len > ACCESS_LOG_HELD) {
        log->counters->access_lost++;
        return;
    }
    if (log->held.len == 0)
        loop_source_resume(log->second);
    strbuf_add(&log->held, line->text, line->len);
}

void access_log_answer(struct access_log *log, const struct request *request,
                       int status, uint64_t bytes)
{
    struct strbuf line;

    if (!is_on(log))
        return;
    strbuf_init(&line, LINE_MAX_BYTES);
    put_who_and_when(&line, &request->peer, request->user);
    strbuf_printf(&line, "\"%s ", head_method_name(request->head.method));
    put_target(&line, request->head.target);
    strbuf_printf(&line, " HTTP/1.%u\"", request->head.minor);
    add(log, &line, status, bytes);
    strbuf_free(&line);
}

void access_log_refusal(struct access_log *log, const struct addr *peer,
                        int status)
{
    struct strbuf line;

    if (!is_on(log))
        return;
    strbuf_init(&line, LINE_MAX_BYTES);
    put_who_and_when(&line, peer, "");
    strbuf_puts(&line, "\"-\"");
    add(log, &line, status, 0);
    strbuf_free(&line);
}
