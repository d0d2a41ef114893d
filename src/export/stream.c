/* stream: records over TCP. SPDX-License-Identifier: MIT */
#include "export/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define OUT_SIZE (256u << 10) /* bytes that were put and not sent */
#define SEND_SIZE (64u << 10) /* that are worth to be sent */
#define ENDS 65536u           /* records under way; a power of two */
#define SAMPLE_US 250000
#define SAMPLES (STREAM_HOLD_US / SAMPLE_US)
#define STALLED_SAMPLES 20 /* without progress: the peer takes nothing */
#define LIMIT_US 10000000  /* to connect, with TLS */
#define PAUSE_MIN_US 250000
#define PAUSE_MAX_US 30000000
#define GOOD_US 5000000  /* a connection that lived so long was good */
#define TIMEOUT_MS 60000 /* what the kernel waits for an acknowledgement */
#define READ_SIZE 4096
#define READS 16

enum stage { RESTING, FINDING, CONNECTING, GREETING, OPEN, CLOSING };

struct stream {
    const struct sink_host *host;
    struct finder *finder;
    const struct address *addresses; /* of this round */
    size_t address_count;
    struct stream_tls *tls; /* or NULL */
    enum stage stage;
    int fd;
    struct loop_source *reading;
    struct loop_source *writing; /* paused while there is nothing to send */
    struct loop_source *pause;   /* until the next try, or the limit of one */
    struct loop_source *sampling;
    size_t address; /* the one that is tried */
    int64_t pause_us;
    int64_t opened_us;
    /* Positions in the bytes of this connection. */
    uint64_t put;
    uint64_t sent;
    uint64_t arrived; /* at most; records that end before have */
    uint64_t samples[SAMPLES];
    unsigned sample;
    uint64_t seen; /* acknowledged at the last sample */
    unsigned stalled;
    uint64_t *ends; /* of records, a ring */
    unsigned end_first;
    unsigned end_count;
    unsigned char *out;
    size_t out_at;
    size_t out_len;
    char why[256];  /* the first address of this round failed */
    bool is_ending; /* nothing more is put */
    bool is_failing;
    bool was_taken; /* the peer closed after the end of what we sent */
    bool was_full;  /* somebody was told to come again */
    struct sink_status status;
};

static void begin_round(void *arg);
static void connect_next(struct stream *stream);
static void close_connection(struct stream *stream);

struct stream *stream_new(struct stream_tls *tls)
{
    struct stream *stream = mem_calloc(1, sizeof(*stream));

    stream->tls = tls;
    stream->fd = -1;
    stream->pause_us = PAUSE_MIN_US;
    stream->ends = mem_calloc(ENDS, sizeof(stream->ends[0]));
    stream->out = mem_alloc(OUT_SIZE);
    return stream;
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    close_connection(stream);
    stream_tls_free(stream->tls);
    free(stream->ends);
    free(stream->out);
    free(stream);
}

static void wake(const struct stream *stream)
{
    stream->host->wake(stream->host->arg);
}

/* Connections */

static void close_connection(struct stream *stream)
{
    loop_source_free(stream->reading);
    loop_source_free(stream->writing);
    loop_source_free(stream->pause);
    loop_source_free(stream->sampling);
    stream->reading = stream->writing = stream->pause = stream->sampling = NULL;
    if (stream->tls != NULL)
        stream_tls_end(stream->tls);
    if (stream->fd != -1)
        close(stream->fd);
    stream->fd = -1;
    stream->stage = RESTING;
}

static void rest(struct stream *stream)
{
    stream->pause = loop_after(stream->host->loop, stream->pause_us, LOOP_PEER,
                               begin_round, stream);
    stream->pause_us *= 2;
    if (stream->pause_us > PAUSE_MAX_US)
        stream->pause_us = PAUSE_MAX_US;
}

/* Try the next address, at once when this round has one. */
static void fail(struct stream *stream, const char *why)
{
    bool was_open = stream->stage == OPEN || stream->stage == CLOSING;
    int64_t now_us = loop_now_us(stream->host->loop);

    close_connection(stream);
    stream->status.again |= was_open;
    if (was_open && now_us - stream->opened_us > GOOD_US)
        stream->pause_us = PAUSE_MIN_US;
    if (stream->address++ == 0) /* that of the first address says most */
        snprintf(stream->why, sizeof(stream->why), "%s", why);
    if (!was_open && stream->address < stream->address_count) {
        connect_next(stream);
        return;
    }
    stream->address = 0;
    if (!stream->is_failing)
        log_warnx("export", "%s: %s", stream->host->name, stream->why);
    stream->is_failing = true;
    rest(stream);
    wake(stream);
}

static void fail_errno(struct stream *stream, int number)
{
    fail(stream, strerror(number));
}

/* What is acknowledged, at least. TLS makes more bytes than it is given, so
 * there it is less than what is. */
static uint64_t acknowledged(const struct stream *stream)
{
    int unacknowledged = 0;

    if (ioctl(stream->fd, SIOCOUTQ, &unacknowledged) == -1 ||
        unacknowledged < 0 || (uint64_t)unacknowledged > stream->sent)
        return 0;
    return stream->sent - (uint64_t)unacknowledged;
}

/* @return how many records ended before what has arrived. */
static unsigned take_arrived(struct stream *stream)
{
    unsigned count = 0;

    while (stream->end_count > 0 &&
           stream->ends[stream->end_first % ENDS] <= stream->arrived) {
        stream->end_first++;
        stream->end_count--;
        count++;
    }
    stream->status.exported += count;
    return count;
}

static void judge_progress(struct stream *stream, uint64_t now)
{
    bool moves = now == stream->sent || now > stream->seen;

    stream->stalled = moves ? 0 : stream->stalled + 1;
    stream->seen = now;
    if (stream->stalled == STALLED_SAMPLES) {
        log_warnx("export", "%s: connected, but takes nothing",
                  stream->host->name);
        stream->is_failing = true;
        wake(stream);
    } else if (moves && stream->is_failing) {
        log_notice("export", "%s: takes records again", stream->host->name);
        stream->is_failing = false;
        wake(stream);
    }
}

static void on_sample(void *arg)
{
    struct stream *stream = arg;
    uint64_t now = acknowledged(stream);
    uint64_t *sample = &stream->samples[stream->sample++ % SAMPLES];

    if (*sample > stream->arrived)
        stream->arrived = *sample;
    *sample = now;
    judge_progress(stream, now);
    if (take_arrived(stream) > 0 || stream->was_full)
        wake(stream);
    if (stream->end_count == 0)
        loop_source_pause(stream->sampling);
}

static ssize_t send_some(struct stream *stream)
{
    const unsigned char *bytes = stream->out + stream->out_at;
    size_t len = stream->out_len - stream->out_at;

    if (stream->tls != NULL)
        return stream_tls_send(stream->tls, bytes, len);
    return send(stream->fd, bytes, len, MSG_NOSIGNAL);
}

static void end_output(struct stream *stream)
{
    stream->stage = CLOSING;
    if (stream->tls != NULL)
        stream_tls_shutdown(stream->tls);
    if (shutdown(stream->fd, SHUT_WR) == -1)
        fail_errno(stream, errno);
}

void stream_flush(struct stream *stream)
{
    if (stream->stage != OPEN)
        return;
    while (stream->out_at < stream->out_len) {
        ssize_t done = send_some(stream);

        if (done == -1 && errno == EINTR)
            continue;
        if (done == -1 && errno == EAGAIN) {
            loop_source_resume(stream->writing);
            return;
        }
        if (done <= 0) {
            fail_errno(stream, done < 0 ? errno : EPIPE);
            return;
        }
        stream->out_at += (size_t)done;
        stream->sent += (size_t)done;
        stream->status.bytes += (size_t)done;
    }
    stream->out_at = stream->out_len = 0;
    loop_source_pause(stream->writing);
    if (stream->is_ending)
        end_output(stream);
}

static void be_open(struct stream *stream)
{
    loop_source_free(stream->pause);
    stream->pause = NULL;
    stream->stage = OPEN;
    stream->address = 0;
    stream->opened_us = loop_now_us(stream->host->loop);
    stream->put = stream->sent = stream->arrived = stream->seen = 0;
    memset(stream->samples, 0, sizeof(stream->samples));
    stream->stalled = 0;
    stream->end_count = 0;
    stream->out_at = stream->out_len = 0;
    stream->is_ending = false;
    stream->sampling =
        loop_every(stream->host->loop, SAMPLE_US, LOOP_PEER, on_sample, stream);
    loop_source_pause(stream->sampling);
    loop_source_pause(stream->writing);
    if (stream->is_failing)
        log_notice("export", "%s: connected", stream->host->name);
    stream->is_failing = false;
    wake(stream);
}

static void greet(struct stream *stream)
{
    struct strbuf error;

    if (stream->tls == NULL) {
        be_open(stream);
        return;
    }
    strbuf_init(&error, 512);
    switch (stream_tls_handshake(stream->tls, &error)) {
    case STREAM_TLS_DONE:
        be_open(stream);
        break;
    case STREAM_TLS_READ:
        loop_source_pause(stream->writing);
        break;
    case STREAM_TLS_WRITE:
        loop_source_resume(stream->writing);
        break;
    case STREAM_TLS_FAILED:
        fail(stream, error.text);
        break;
    }
    strbuf_free(&error);
}

static void finish_connect(struct stream *stream)
{
    int why = 0;
    socklen_t len = sizeof(why);

    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &why, &len) == -1)
        why = errno;
    if (why != 0) {
        fail_errno(stream, why);
    } else if (stream->tls != NULL &&
               !stream_tls_begin(stream->tls, stream->fd)) {
        fail(stream, "TLS cannot begin");
    } else {
        stream->stage = GREETING;
        greet(stream);
    }
}

static void on_writable(void *arg)
{
    struct stream *stream = arg;

    if (stream->stage == CONNECTING) {
        finish_connect(stream);
    } else if (stream->stage == GREETING) {
        greet(stream);
    } else {
        stream_flush(stream);
        if (stream->stage == OPEN && stream->out_len == 0)
            wake(stream);
    }
}

/* The peer has read all that we sent before it closed. */
static void be_done(struct stream *stream)
{
    stream->status.exported += stream->end_count;
    stream->end_count = 0;
    stream->was_taken = true;
    close_connection(stream);
    rest(stream);
    wake(stream);
}

/* Nobody asked for what comes here. */
static void on_readable(void *arg)
{
    struct stream *stream = arg;
    char bytes[READ_SIZE];

    if (stream->stage == GREETING) {
        greet(stream);
        return;
    }
    if (stream->stage == CONNECTING)
        return;
    for (unsigned i = 0; i < READS; i++) {
        ssize_t len = stream->tls != NULL
                          ? stream_tls_recv(stream->tls, bytes, sizeof(bytes))
                          : recv(stream->fd, bytes, sizeof(bytes), 0);

        if (len > 0)
            continue;
        if (len == -1 && (errno == EAGAIN || errno == EINTR))
            return;
        if (len == 0 && stream->stage == CLOSING)
            be_done(stream);
        else if (len == 0)
            fail(stream, "the other side closed the connection");
        else
            fail_errno(stream, errno);
        return;
    }
}

static void on_limit(void *arg)
{
    fail(arg, "no connection within 10 seconds");
}

static void set_options(int fd)
{
    const int on = 1;
    const int idle_s = 30;
    const int every_s = 10;
    const int times = 3;
    const int timeout_ms = TIMEOUT_MS;

    /* Each is a help and none is needed. */
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
                     sizeof(timeout_ms));
}

static void on_found(void *arg, const struct address *addresses, size_t count)
{
    struct stream *stream = arg;

    stream->addresses = addresses;
    stream->address_count = count;
    if (count == 0)
        fail(stream, "the host cannot be found");
    else
        connect_next(stream);
}

static void begin_round(void *arg)
{
    struct stream *stream = arg;

    close_connection(stream);
    stream->stage = FINDING;
    stream->address = stream->address_count = 0;
    finder_find(stream->finder, on_found, stream);
}

static void connect_next(struct stream *stream)
{
    const struct address *to = &stream->addresses[stream->address];

    close_connection(stream);
    stream->fd = socket(to->any.sa_family,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    stream->stage = CONNECTING;
    if (stream->fd == -1) {
        fail_errno(stream, errno);
        return;
    }
    set_options(stream->fd);
    if (connect(stream->fd, &to->any, to->len) == -1 && errno != EINPROGRESS) {
        fail_errno(stream, errno);
        return;
    }
    stream->pause =
        loop_after(stream->host->loop, LIMIT_US, LOOP_PEER, on_limit, stream);
    stream->reading = loop_on_fd(stream->host->loop, stream->fd, LOOP_READ,
                                 LOOP_PEER, on_readable, stream);
    stream->writing = loop_on_fd(stream->host->loop, stream->fd, LOOP_WRITE,
                                 LOOP_PEER, on_writable, stream);
    if (stream->reading == NULL || stream->writing == NULL)
        fail_errno(stream, errno);
}

void stream_start(struct stream *stream, struct finder *finder,
                  const struct sink_host *host)
{
    stream->host = host;
    stream->finder = finder;
    begin_round(stream);
}

/* Records */

static void add_end(struct stream *stream)
{
    stream->ends[(stream->end_first + stream->end_count) % ENDS] = stream->put;
    if (stream->end_count++ == 0)
        loop_source_resume(stream->sampling);
}

static void compact(struct stream *stream)
{
    stream->out_len -= stream->out_at;
    memmove(stream->out, stream->out + stream->out_at, stream->out_len);
    stream->out_at = 0;
}

bool stream_put(struct stream *stream, const char *head, size_t head_len,
                const char *body, size_t body_len)
{
    size_t len = head_len + body_len;

    if (stream->stage == OPEN &&
        stream->out_len - stream->out_at + len > SEND_SIZE)
        stream_flush(stream);
    if (len > OUT_SIZE - stream->out_len)
        compact(stream);
    stream->was_full = stream->stage != OPEN || stream->is_ending ||
                       stream->end_count == ENDS ||
                       len > OUT_SIZE - stream->out_len;
    if (stream->was_full)
        return false;
    if (head_len > 0)
        memcpy(stream->out + stream->out_len, head, head_len);
    memcpy(stream->out + stream->out_len + head_len, body, body_len);
    stream->out_len += len;
    stream->put += len;
    add_end(stream);
    return true;
}

void stream_hurry(struct stream *stream)
{
    if (stream->stage == RESTING && stream->host != NULL)
        begin_round(stream);
}

void stream_finish(struct stream *stream)
{
    if (stream->stage != OPEN || stream->is_ending)
        return;
    stream->is_ending = true;
    stream_flush(stream);
}

void stream_acknowledge(struct stream *stream, struct sink_status *status)
{
    if (stream->stage == OPEN || stream->stage == CLOSING) {
        uint64_t now = acknowledged(stream);

        if (now > STREAM_HOLD_BYTES &&
            now - STREAM_HOLD_BYTES > stream->arrived)
            stream->arrived = now - STREAM_HOLD_BYTES;
        (void)take_arrived(stream);
    }
    if (stream->status.again)
        stream->end_count = 0;
    *status = stream->status;
    status->is_moving = stream->stage == OPEN && stream->stalled < 4;
    status->is_failing = stream->is_failing;
    status->is_trying = stream->stage >= FINDING && stream->stage <= GREETING;
    stream->status = (struct sink_status){0};
}

void stream_answer(const struct stream *stream, struct strbuf *out)
{
    strbuf_puts(out, stream->was_taken ? "the other side read all and closed "
                                         "the connection"
                                       : stream->why);
}
