/* series_lane: commands to rrdcached, in order. SPDX-License-Identifier: MIT */
#include "core/run/series_lane.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/run/series_conn.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PAUSE_FIRST_US 100000
#define PAUSE_MAX_US 30000000
#define CONNECT_US 5000000
/* A child that starts reads its journal first. */
#define STARTING_US 2000000
#define UNSENT_MAX 65536 /* bytes handed to the connection */
#define FLIGHT_MAX 2048  /* commands without an answer */
#define LINES_MAX 2000000

struct series_call {
    struct series_call *next;
    void (*line)(void *arg, const char *line);
    series_done *done;
    void *arg;
    uint64_t tag;
    size_t len;
    char command[]; /* with its newline, no NUL */
};

struct series_lane {
    struct series_lane_config config;
    struct store_addrs addrs;
    size_t addr_next;
    struct series_conn *conn;
    struct loop_source *retry;
    struct loop_source *look;
    bool is_ready;
    bool was_busy;
    bool said_away;
    int64_t began_us;
    int64_t pause_us;
    int64_t heard_us; /* the last line, or when the oldest one was sent */
    struct series_call *head;
    struct series_call *tail;
    struct series_call *unsent; /* the first one; NULL: all are sent */
    size_t calls;
    size_t bytes;
    size_t flight; /* of `calls`: sent, not answered */
    /* Of an answer whose lines are coming. */
    int64_t lines_left;
    int64_t status;
    char text[SERIES_LINE_MAX + 1];
    uint64_t connects;
    uint64_t repeated;
};

static void connect_now(struct series_lane *lane);

static void tell_changed(struct series_lane *lane)
{
    if (lane->config.changed != NULL)
        lane->config.changed(lane->config.arg);
}

/* --- The queue --- */

static struct series_call *take_head(struct series_lane *lane)
{
    struct series_call *call = lane->head;

    lane->head = call->next;
    if (lane->head == NULL)
        lane->tail = NULL;
    lane->calls--;
    lane->bytes -= call->len;
    return call;
}

static void pump(struct series_lane *lane)
{
    while (lane->is_ready && lane->unsent != NULL &&
           lane->flight < FLIGHT_MAX &&
           series_conn_unsent(lane->conn) < UNSENT_MAX) {
        struct series_call *call = lane->unsent;

        if (lane->flight++ == 0)
            lane->heard_us = loop_now_us(lane->config.loop);
        lane->unsent = call->next;
        series_conn_send(lane->conn, call->command, call->len);
    }
}

struct series_call *series_lane_send(struct series_lane *lane,
                                     const char *command, size_t len,
                                     void (*line)(void *arg, const char *line),
                                     series_done *done, void *arg, uint64_t tag)
{
    struct series_call *call;

    if (lane->calls >= lane->config.calls_max ||
        lane->bytes + len >= lane->config.bytes_max ||
        (!lane->is_ready && !lane->config.is_durable))
        return NULL;
    call = mem_alloc(sizeof(*call) + len + 1);
    *call = (struct series_call){NULL, line, done, arg, tag, len + 1};
    memcpy(call->command, command, len);
    call->command[len] = '\n';
    if (lane->tail != NULL)
        lane->tail->next = call;
    else
        lane->head = call;
    lane->tail = call;
    if (lane->unsent == NULL)
        lane->unsent = call;
    lane->calls++;
    lane->bytes += call->len;
    pump(lane);
    return call;
}

void series_lane_cancel(struct series_call *call)
{
    if (call == NULL)
        return;
    call->line = NULL;
    call->done = NULL;
}

bool series_lane_is_busy(const struct series_lane *lane)
{
    return lane->is_ready && (lane->calls > lane->config.calls_max / 2 ||
                              lane->bytes > lane->config.bytes_max / 2);
}

/* The oldest command is answered. */
static void answer(struct series_lane *lane, const struct series_reply *reply)
{
    struct series_call *call = take_head(lane);
    bool is_busy;

    lane->flight--;
    if (call->done != NULL)
        call->done(call->arg, call->tag, reply);
    free(call);
    is_busy = series_lane_is_busy(lane);
    if (lane->was_busy && !is_busy)
        tell_changed(lane);
    lane->was_busy = is_busy;
}

/* The connection is gone: those that somebody waits for have their answer,
 * the others are sent again. */
static void break_calls(struct series_lane *lane)
{
    const struct series_reply broken = {-1, "the connection broke", true};

    if (lane->config.is_durable) {
        lane->repeated += lane->flight;
        lane->flight = 0;
        lane->unsent = lane->head;
        return;
    }
    lane->unsent = NULL;
    lane->flight = lane->calls;
    while (lane->calls > 0)
        answer(lane, &broken);
}

/* --- The connection --- */

static void on_retry(void *arg)
{
    connect_now(arg);
}

/* Once per outage; a child that starts is not spoken of. */
static void log_away(struct series_lane *lane, const char *why)
{
    bool is_starting =
        lane->config.server != NULL &&
        loop_now_us(lane->config.loop) - lane->began_us < STARTING_US;

    if (lane->said_away || lane->config.is_quiet ||
        (is_starting && lane->connects == 0)) {
        log_debug("series", "%s: %s", lane->config.name, why);
        return;
    }
    lane->said_away = true;
    log_warnx("series", "%s is away: %s", lane->config.name, why);
}

static void lose(struct series_lane *lane, const char *why)
{
    bool was_ready = lane->is_ready;

    if (!was_ready && ++lane->addr_next < lane->addrs.count) {
        series_conn_free(lane->conn);
        connect_now(lane); /* a name with several addresses */
        return;
    }
    log_away(lane, why);
    series_conn_free(lane->conn);
    lane->conn = NULL;
    lane->is_ready = false;
    lane->addr_next = 0;
    lane->lines_left = 0;
    loop_source_pause(lane->look);
    break_calls(lane);
    loop_source_free(lane->retry);
    lane->retry = loop_after(lane->config.loop, lane->pause_us, LOOP_PEER,
                             on_retry, lane);
    lane->pause_us *= 2;
    if (lane->pause_us > PAUSE_MAX_US)
        lane->pause_us = PAUSE_MAX_US;
    if (was_ready)
        tell_changed(lane);
}

static void on_gone(void *arg, const char *why)
{
    lose(arg, why);
}

static void on_look(void *arg)
{
    struct series_lane *lane = arg;

    if (lane->flight == 0 || loop_now_us(lane->config.loop) - lane->heard_us <
                                 lane->config.patience_us)
        return;
    if (lane->config.server != NULL &&
        series_server_pid(lane->config.server) != 0) {
        log_warnx("series", "%s hangs and is killed", lane->config.name);
        series_server_kill(lane->config.server);
    }
    lose(lane, "does not answer");
}

static void on_ready(void *arg)
{
    struct series_lane *lane = arg;

    lane->is_ready = true;
    lane->connects++;
    lane->pause_us = PAUSE_FIRST_US;
    lane->said_away = false;
    if (!lane->config.is_quiet)
        log_notice("series", "connected to %s", lane->config.name);
    loop_source_resume(lane->look);
    pump(lane);
    tell_changed(lane);
}

static void on_drained(void *arg)
{
    pump(arg);
}

/* "NUMBER TEXT". @return false: it is none. */
static bool parse_first(struct series_lane *lane, const char *line)
{
    const char *digits = line + (*line == '-');
    size_t len = strspn(digits, "0123456789");

    if (len == 0 || len > 9 || (digits[len] != ' ' && digits[len] != '\0'))
        return false;
    lane->status = strtol(line, NULL, 10);
    strcpy(lane->text, digits + len + (digits[len] == ' '));
    return lane->status <= LINES_MAX;
}

/* rrdcached breaks one error over two lines and counts one. */
static bool is_second_half(const char *line)
{
    return strncmp(line, "Did you pass -R", 15) == 0;
}

static void on_line(void *arg, const char *line)
{
    struct series_lane *lane = arg;

    lane->heard_us = loop_now_us(lane->config.loop);
    if (lane->lines_left > 0) {
        lane->lines_left--;
        if (lane->head->line != NULL)
            lane->head->line(lane->head->arg, line);
    } else if (is_second_half(line)) {
        return;
    } else if (lane->flight == 0 || !parse_first(lane, line)) {
        lose(lane, "does not speak as rrdcached");
        return;
    } else if (lane->status > 0) {
        lane->lines_left = lane->status;
    }
    if (lane->lines_left == 0) {
        struct series_reply reply = {lane->status, lane->text, false};

        answer(lane, &reply);
        pump(lane);
    }
}

static void connect_now(struct series_lane *lane)
{
    const struct series_conn_handler handler = {on_ready, on_line, on_drained,
                                                on_gone, lane};
    const struct store_addr *addr = &lane->addrs.items[lane->addr_next];

    if (lane->config.server != NULL) {
        series_server_ensure(lane->config.server);
        addr = series_server_addr(lane->config.server);
    }
    lane->conn =
        series_conn_open(lane->config.loop, addr, CONNECT_US, &handler);
}

/* --- The lane --- */

struct series_lane *series_lane_new(const struct series_lane_config *config)
{
    struct series_lane *lane = mem_calloc(1, sizeof(*lane));

    lane->config = *config;
    if (config->addrs != NULL)
        lane->addrs = *config->addrs;
    lane->pause_us = PAUSE_FIRST_US;
    lane->began_us = loop_now_us(config->loop);
    lane->look = loop_every(config->loop, config->patience_us / 6, LOOP_PEER,
                            on_look, lane);
    loop_source_pause(lane->look);
    connect_now(lane);
    return lane;
}

void series_lane_free(struct series_lane *lane)
{
    if (lane == NULL)
        return;
    series_conn_free(lane->conn);
    loop_source_free(lane->retry);
    loop_source_free(lane->look);
    while (lane->head != NULL)
        free(take_head(lane));
    free(lane);
}

bool series_lane_is_ready(const struct series_lane *lane)
{
    return lane->is_ready;
}

size_t series_lane_waiting(const struct series_lane *lane)
{
    return lane->calls;
}

uint64_t series_lane_connects(const struct series_lane *lane)
{
    return lane->connects;
}

uint64_t series_lane_repeated(const struct series_lane *lane)
{
    return lane->repeated;
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void series_lane_drain(struct series_lane *lane, int64_t patience_us)
{
    int64_t until_us = now_us() + patience_us;
    int64_t left_us;

    while (lane->is_ready && lane->calls > 0 &&
           (left_us = until_us - now_us()) > 0 &&
           series_conn_wait(lane->conn, left_us))
        continue;
}
