/* sink_syslog: records as messages of syslog. SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/run/loop.h"
#include "core/util/mem.h"
#include "export/peer.h"
#include "export/sink.h"

/*
 * RFC 5424, with the record as the message; over TCP and TLS each is preceded
 * by its length (RFC 6587, 5425), so that whatever is in a record stays one.
 * The local daemon gets what syslog(3) would send it.
 */
#define LOCAL_SOCKET "/dev/log"
#define PRIORITY 134 /* local0.info */
#define HEAD_SIZE (HOST_NAME_MAX + 96)

struct sink_syslog {
    struct peer *peer;
    bool is_local;
    char host[HOST_NAME_MAX + 1];
    char head[HEAD_SIZE]; /* all but the length, of this second */
    size_t head_len;
    time_t head_s;
};

static void *syslog_parse(struct spec *spec, struct strbuf *error)
{
    struct sink_syslog *sink = mem_calloc(1, sizeof(*sink));

    if (gethostname(sink->host, sizeof(sink->host) - 1) < 0 ||
        sink->host[0] == '\0')
        snprintf(sink->host, sizeof(sink->host), "-");
    sink->is_local = spec->count == 0;
    if (sink->is_local)
        sink->peer = peer_new_local(LOCAL_SOCKET);
    else if (spec->count == 3)
        sink->peer = peer_new(spec, 0, error);
    else
        strbuf_puts(error, "must have no fields, or host, protocol and port");
    if (sink->peer != NULL)
        return sink;
    free(sink);
    return NULL;
}

static void syslog_start(void *arg, const struct sink_host *host)
{
    struct sink_syslog *sink = arg;

    peer_start(sink->peer, host);
}

static void make_head(struct sink_syslog *sink)
{
    time_t now = (time_t)(loop_wall_us() / 1000000);
    char when[40];
    struct tm tm;

    if (now == sink->head_s)
        return;
    sink->head_s = now;
    if (sink->is_local) {
        localtime_r(&now, &tm);
        strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
        snprintf(sink->head, sizeof(sink->head),
                 "<%d>%s kelvin[%d]: ", PRIORITY, when, (int)getpid());
    } else {
        gmtime_r(&now, &tm);
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        snprintf(sink->head, sizeof(sink->head),
                 "<%d>1 %s %s kelvin %d flow - ", PRIORITY, when, sink->host,
                 (int)getpid());
    }
    sink->head_len = strlen(sink->head);
}

static bool put(struct sink_syslog *sink, const struct sink_record *record)
{
    char head[HEAD_SIZE + 24];
    int len;

    if (peer_is_datagram(sink->peer))
        return peer_put(sink->peer, sink->head, sink->head_len, record->json,
                        record->len);
    len = snprintf(head, sizeof(head), "%zu %s", sink->head_len + record->len,
                   sink->head);
    return peer_put(sink->peer, head, (size_t)len, record->json, record->len);
}

static size_t syslog_offer(void *arg, const struct sink_record *records,
                           size_t count)
{
    struct sink_syslog *sink = arg;
    size_t taken = 0;

    make_head(sink);
    while (taken < count && put(sink, &records[taken]))
        taken++;
    peer_flush(sink->peer);
    return taken;
}

static void syslog_hurry(void *arg)
{
    struct sink_syslog *sink = arg;

    peer_hurry(sink->peer);
}

static void syslog_finish(void *arg)
{
    struct sink_syslog *sink = arg;

    peer_finish(sink->peer);
}

static void syslog_acknowledge(void *arg, int wait_ms,
                               struct sink_status *status)
{
    struct sink_syslog *sink = arg;

    (void)wait_ms;
    peer_acknowledge(sink->peer, status);
}

static void syslog_answer(const void *arg, struct strbuf *out)
{
    const struct sink_syslog *sink = arg;

    peer_answer(sink->peer, out);
}

static void syslog_close(void *arg, struct sink_status *status)
{
    struct sink_syslog *sink = arg;

    *status = (struct sink_status){0};
    peer_free(sink->peer);
    free(sink);
}

const struct sink_kind *sink_syslog(void)
{
    static const struct sink_kind kind = {
        .name = "syslog",
        .form = "syslog[;HOST;udp|tcp|tls;PORT]",
        .fields_min = 0,
        .fields_max = 3,
        .parse = syslog_parse,
        .start = syslog_start,
        .offer = syslog_offer,
        .hurry = syslog_hurry,
        .finish = syslog_finish,
        .acknowledge = syslog_acknowledge,
        .answer = syslog_answer,
        .close = syslog_close,
    };

    return &kind;
}
