/* series: values over time, in RRD files. SPDX-License-Identifier: MIT */
#include "core/run/series.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/run/beneath.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define CALLS_MAX 65536
#define BYTES_MAX (16u << 20)
#define ASKS_MAX 1024
#define ASK_BYTES_MAX (1u << 20)
#define COMMAND_MAX 4000 /* rrdcached reads lines of 4096 bytes */
#define FILE_MAX 1024
#define ENDING ".rrd"
#define DAY_S 86400
#define PATIENCE_US 30000000
#define STARTING_US 5000000 /* of an rrdcached of our own */
/* What librrd says of a full disk. */
#define SILENT "RRD Error: "
#define QUIET_US (600 * INT64_C(1000000))

struct series {
    struct loop *loop;
    char *data_dir;
    int data_fd;
    bool is_remote; /* its files are not on this machine */
    char name[STORE_NAME_SIZE];
    struct series_server *server;
    struct series_lane *records;
    struct series_lane *asks;
    struct series_files *files;
    struct series_waiter *waiters;
    struct series_counters counters;
    struct strbuf command;
    int64_t began_us;
    int64_t patience_us;
    bool said_failed;
    int64_t said_late_us;
    int64_t said_lost_us;
};

/* --- Which daemon --- */

static bool is_own(const char *text)
{
    return text == NULL || strcmp(text, "own") == 0;
}

static bool parse_target(const char *text, struct store_target *target,
                         struct strbuf *reason)
{
    if (!store_target_parse(text, target, reason))
        return false;
    if (target->kind == STORE_TARGET_TCP && strchr(text, ':') == NULL) {
        strbuf_puts(reason, "the port is missing: HOST:PORT");
        return false;
    }
    if (target->password[0] == '\0' && target->database == 0)
        return true;
    strbuf_puts(reason, "rrdcached has neither password nor database");
    return false;
}

bool series_check(const char *text, struct strbuf *reason)
{
    struct store_target target;

    return is_own(text) || parse_target(text, &target, reason);
}

static void on_changed(void *arg)
{
    struct series *series = arg;

    if (series_lane_is_busy(series->records))
        return;
    while (series->waiters != NULL) {
        struct series_waiter *waiter = series->waiters;

        series_unwait(series, waiter);
        waiter->wake(waiter->arg);
    }
}

static void open_lanes(struct series *series, const struct store_addrs *addrs)
{
    struct series_lane_config config = {
        .loop = series->loop,
        .addrs = addrs,
        .server = series->server,
        .name = series->name,
        .is_durable = true,
        .patience_us = series->patience_us,
        .calls_max = CALLS_MAX,
        .bytes_max = BYTES_MAX,
        .changed = on_changed,
        .arg = series,
    };

    series->records = series_lane_new(&config);
    config.is_quiet = true;
    config.is_durable = false;
    config.calls_max = ASKS_MAX;
    config.bytes_max = ASK_BYTES_MAX;
    config.changed = NULL;
    series->asks = series_lane_new(&config);
}

/* One of our own; without it there are no series, but for an admin who asked
 * for it. */
static bool open_own(struct series *series, const char *asked,
                     struct strbuf *error)
{
    series->server = series_server_new(series->loop, series->data_dir, error);
    if (series->server != NULL) {
        snprintf(series->name, sizeof(series->name), "rrdcached of its own");
        open_lanes(series, NULL);
        return true;
    }
    if (asked != NULL)
        return false;
    log_notice("series", "%s: no time series are kept", error->text);
    strbuf_reset(error);
    return true;
}

static bool open_named(struct series *series, const char *text,
                       struct strbuf *error)
{
    struct store_target target;
    struct store_addrs addrs;

    strbuf_puts(error, "option --rrdcached: ");
    if (!parse_target(text, &target, error))
        return false;
    if (target.kind != STORE_TARGET_NONE &&
        !store_target_resolve(&target, &addrs, error))
        return false;
    strbuf_reset(error);
    if (target.kind == STORE_TARGET_NONE)
        return true;
    series->is_remote = target.kind == STORE_TARGET_TCP;
    snprintf(series->name, sizeof(series->name), "rrdcached at %.*s", 256,
             text);
    open_lanes(series, &addrs);
    return true;
}

struct series *series_open(const struct series_config *config,
                           struct strbuf *error)
{
    struct series *series = mem_calloc(1, sizeof(*series));

    series->loop = config->loop;
    series->patience_us =
        config->patience_us != 0 ? config->patience_us : PATIENCE_US;
    series->began_us = loop_now_us(config->loop);
    series->data_dir = mem_strdup(config->data_dir);
    series->data_fd = open(config->data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    series->files = series_files_new();
    strcpy(series->name, "none");
    strbuf_init(&series->command, COMMAND_MAX);
    if (is_own(config->rrdcached)
            ? open_own(series, config->rrdcached, error)
            : open_named(series, config->rrdcached, error))
        return series;
    series_free(series);
    return NULL;
}

void series_free(struct series *series)
{
    if (series == NULL)
        return;
    series_lane_free(series->asks);
    series_lane_free(series->records);
    series_server_free(series->server);
    series_files_free(series->files);
    strbuf_free(&series->command);
    if (series->data_fd != -1)
        close(series->data_fd);
    free(series->data_dir);
    free(series);
}

enum series_state series_state(const struct series *series)
{
    if (series == NULL || series->records == NULL)
        return SERIES_OFF;
    return series_lane_is_ready(series->records) ? SERIES_READY : SERIES_AWAY;
}

const char *series_name(const struct series *series)
{
    return series != NULL ? series->name : "none";
}

/* --- Files --- */

/* The part below the data directory of a path that stays there and that a
 * command can hold, or NULL. */
static const char *relative(const struct series *series, const char *file)
{
    size_t len = strlen(file);

    if (file[0] == '/')
        file = beneath_relative(series->data_dir, file);
    if (file == NULL || file[0] == '\0' || len >= FILE_MAX ||
        len <= strlen(ENDING) ||
        strcmp(file + strlen(file) - strlen(ENDING), ENDING) != 0)
        return NULL;
    for (const char *at = file; *at != '\0'; at += strspn(at, "/")) {
        size_t part = strcspn(at, "/");

        if (part <= 2 && strspn(at, ".") >= part && part > 0)
            return NULL;
        for (; part > 0; part--, at++)
            if ((unsigned char)*at < ' ' || *at == 127)
                return NULL;
    }
    return file;
}

/* As rrdcached splits lines: by blanks, unless a backslash is before them. */
static void put_escaped(struct strbuf *command, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\\')
            strbuf_add(command, "\\", 1);
        strbuf_add(command, text, 1);
    }
}

bool series_put_path(const struct series *series, const char *file,
                     struct strbuf *command)
{
    const char *below = relative(series, file);

    if (below == NULL)
        return false;
    put_escaped(command, series->data_dir);
    strbuf_add(command, "/", 1);
    put_escaped(command, below);
    return true;
}

bool series_make_room(const struct series *series, const char *file)
{
    const char *below = relative(series, file);
    const char *slash;
    char folder[FILE_MAX];

    if (series->is_remote || below == NULL ||
        (slash = strrchr(below, '/')) == NULL)
        return below != NULL;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - below), below);
    return beneath_mkdirs(series->data_fd, folder) == 0;
}

void series_forget(struct series *series, const char *file)
{
    const char *below = relative(series, file);
    struct series_file *known = NULL;

    if (below != NULL)
        known = series_files_find(series->files,
                                  series_files_hash(series->files, below));
    if (known != NULL)
        known->is_made = false;
}

/* --- What the daemon says --- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Once until something is written again. */
static void note_failure(struct series *series, const char *why)
{
    series->counters.failed++;
    if (begins(why, SILENT) && why[strlen(SILENT)] == '\0')
        why = "a file cannot be made or written; is the disk full?";
    if (series->said_failed)
        log_debug("series", "%s: %s", series->name, why);
    else
        log_warnx("series", "%s: %s", series->name, why);
    series->said_failed = true;
}

/* What goes on for a while is said now and then. */
static bool may_say(const struct series *series, int64_t *said_us)
{
    int64_t now_us = loop_now_us(series->loop);

    if (*said_us != 0 && now_us - *said_us < QUIET_US)
        return false;
    *said_us = now_us;
    return true;
}

static void note_late(struct series *series)
{
    series->counters.late++;
    if (may_say(series, &series->said_late_us))
        log_warnx("series", "values are older than those already kept, so "
                            "they are left out until time has caught up; has "
                            "the clock been set?");
}

/* The values of a file were not taken; `is_gone`: nor is it there. */
static void miss(struct series *series, uint64_t hash, bool is_gone)
{
    struct series_file *file = series_files_find(series->files, hash);

    if (file == NULL)
        return;
    file->is_missed = true;
    if (is_gone)
        file->is_made = false;
}

static void on_created(void *arg, uint64_t tag,
                       const struct series_reply *reply)
{
    struct series *series = arg;

    if (reply->status >= 0) {
        series->counters.created++;
    } else if (strstr(reply->text, "File exists") == NULL) {
        miss(series, tag, true);
        note_failure(series, reply->text);
    }
}

static void on_updated(void *arg, uint64_t tag,
                       const struct series_reply *reply)
{
    struct series *series = arg;

    if (reply->status >= 0) {
        series->counters.written++;
        if (series->said_failed)
            log_notice("series", "%s takes values again", series->name);
        series->said_failed = false;
    } else if (begins(reply->text, "illegal attempt to update using time")) {
        miss(series, tag, false);
        note_late(series);
    } else {
        miss(series, tag, true); /* it will be made with the next */
        note_failure(series, reply->text);
    }
}

/* --- Recording --- */

static bool lose(struct series *series)
{
    series->counters.lost++;
    if (may_say(series, &series->said_lost_us))
        log_warnx("series", "%s: too much waits to be written; values are lost",
                  series->name);
    return false;
}

static bool enqueue(struct series *series, series_done *done, uint64_t hash)
{
    const struct strbuf *command = &series->command;

    return !command->truncated &&
           series_lane_send(series->records, command->text, command->len, NULL,
                            done, series, hash) != NULL;
}

static bool create(struct series *series, const struct series_point *point,
                   uint64_t hash)
{
    struct strbuf *command = &series->command;

    if (!series_make_room(series, point->file)) {
        note_failure(series, strerror(errno));
        return false;
    }
    strbuf_reset(command);
    strbuf_puts(command, "CREATE ");
    series_put_path(series, point->file, command);
    strbuf_printf(command, " -O -b %" PRId64 " %s", point->time_s - DAY_S,
                  point->definition);
    return enqueue(series, on_created, hash) || lose(series);
}

static void put_values(struct strbuf *command, const struct series_point *point)
{
    strbuf_printf(command, " %" PRId64, point->time_s);
    for (unsigned i = 0; i < point->count; i++)
        strbuf_printf(command, ":%" PRId64, point->values[i]);
}

/* The same text for every data source. */
static void put_same(struct strbuf *command, int64_t time_s, const char *value,
                     unsigned count)
{
    strbuf_printf(command, " %" PRId64, time_s);
    for (unsigned i = 0; i < count; i++)
        strbuf_printf(command, ":%s", value);
}

/* Counters begin anew: unknown up to then, and from 0 on if it is known when
 * that was. No two values of a file may have the same second. */
static void put_restart(struct strbuf *command,
                        const struct series_point *point, int64_t zero_s)
{
    bool is_known = zero_s > point->time_s - DAY_S && zero_s < point->time_s;

    put_same(command, is_known ? zero_s - 1 : point->time_s - 1, "U",
             point->count);
    if (is_known)
        put_same(command, zero_s, "0", point->count);
}

static bool fell(const struct series_file *file,
                 const struct series_point *point)
{
    for (unsigned i = 0; i < point->count; i++)
        if (point->values[i] < file->values[i])
            return true;
    return false;
}

/* Append what comes before the values. @return false: they cannot follow. */
static bool put_before(struct series *series, const struct series_point *point,
                       const struct series_file *file)
{
    bool is_counter = strstr(point->definition, ":DERIVE:") != NULL;

    if (!is_counter)
        return true;
    if (file->is_missed) {
        put_restart(&series->command, point, 0);
    } else if (file->time_s == 0) {
        put_restart(&series->command, point, point->since_s);
    } else if (fell(file, point)) {
        series->counters.restarts++;
        if (file->time_s + 1 == point->time_s) {
            put_same(&series->command, point->time_s, "U", point->count);
            return false;
        }
        put_restart(&series->command, point, file->time_s + 2);
    }
    return true;
}

/* The file as it was written last, made if need be. */
static struct series_file *get_file(struct series *series, const char *below)
{
    uint64_t hash = series_files_hash(series->files, below);
    struct series_file *file = series_files_find(series->files, hash);

    return file != NULL ? file : series_files_add(series->files, hash);
}

static bool write_point(struct series *series, const struct series_point *point,
                        const char *below, struct series_file *file)
{
    if (!file->is_made && !create(series, point, file->hash))
        return false;
    file->is_made = true;
    strbuf_reset(&series->command);
    strbuf_puts(&series->command, "UPDATE ");
    series_put_path(series, below, &series->command);
    if (put_before(series, point, file))
        put_values(&series->command, point);
    return enqueue(series, on_updated, file->hash) || lose(series);
}

bool series_record(struct series *series, const struct series_point *point)
{
    const char *below;
    struct series_file *file;

    if (series_state(series) == SERIES_OFF ||
        (below = relative(series, point->file)) == NULL ||
        point->count > SERIES_VALUES)
        return false;
    file = get_file(series, below);
    if (point->time_s <= file->time_s) {
        note_late(series);
        return false;
    }
    file->is_missed = !write_point(series, point, below, file);
    file->time_s = point->time_s;
    memcpy(file->values, point->values, sizeof(file->values));
    series->counters.points += !file->is_missed;
    return !file->is_missed;
}

int64_t series_turn(struct series *series, const char *name, int64_t time_s)
{
    struct series_file *file;
    char key[64];
    uint64_t hash;
    int64_t before;

    if (series_state(series) == SERIES_OFF)
        return 0;
    snprintf(key, sizeof(key), "/%s", name); /* no path below the directory */
    hash = series_files_hash(series->files, key);
    file = series_files_find(series->files, hash);
    if (file == NULL)
        file = series_files_add(series->files, hash);
    before = file->time_s;
    file->time_s = time_s;
    return before;
}

bool series_must_wait(const struct series *series)
{
    return series != NULL && series->records != NULL &&
           series_lane_is_busy(series->records);
}

bool series_holds_files(const struct series *series)
{
    if (series_must_wait(series))
        return true;
    return series != NULL && series->server != NULL &&
           series_lane_waiting(series->records) > 0 &&
           series_lane_connects(series->records) == 0 &&
           loop_now_us(series->loop) - series->began_us < STARTING_US;
}

void series_wait(struct series *series, struct series_waiter *waiter)
{
    waiter->prev = NULL;
    waiter->next = series->waiters;
    if (waiter->next != NULL)
        waiter->next->prev = waiter;
    series->waiters = waiter;
}

void series_unwait(struct series *series, struct series_waiter *waiter)
{
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        series->waiters = waiter->next;
}

/* --- Asking --- */

struct series_call *series_ask(struct series *series,
                               const struct strbuf *command,
                               void (*line)(void *arg, const char *line),
                               series_done *done, void *arg)
{
    if (series_state(series) == SERIES_OFF || command->truncated ||
        command->len > COMMAND_MAX)
        return NULL;
    return series_lane_send(series->asks, command->text, command->len, line,
                            done, arg, 0);
}

void series_counters(const struct series *series, struct series_counters *out)
{
    *out = (struct series_counters){0};
    if (series_state(series) == SERIES_OFF)
        return;
    *out = series->counters;
    out->repeated = series_lane_repeated(series->records);
    out->connects = series_lane_connects(series->records);
    out->queued = series_lane_waiting(series->records);
    out->files = series_files_count(series->files);
    if (series->server != NULL)
        out->child = series_server_pid(series->server);
}

void series_drain(struct series *series, int64_t patience_us)
{
    if (series_state(series) == SERIES_OFF)
        return;
    series_lane_drain(series->records, patience_us);
    series->counters.lost += series_lane_waiting(series->records);
}
