/* sink_logstash: records as lines of JSON over a network.
 * SPDX-License-Identifier: MIT */
#include "export/peer.h"
#include "export/sink.h"

/*
 * What Logstash's tcp input reads with the codec json_lines, and its udp input
 * with the codec json; so do Fluentd, Vector, rsyslog and others.
 */
static void *logstash_parse(struct spec *spec, struct strbuf *error)
{
    return peer_new(spec, 0, error);
}

static void logstash_start(void *sink, const struct sink_host *host)
{
    peer_start(sink, host);
}

static size_t logstash_offer(void *sink, const struct sink_record *records,
                             size_t count)
{
    size_t newline = peer_is_datagram(sink) ? 0 : 1;
    size_t taken = 0;

    while (taken < count && peer_put(sink, NULL, 0, records[taken].json,
                                     records[taken].len + newline))
        taken++;
    peer_flush(sink);
    return taken;
}

static void logstash_hurry(void *sink)
{
    peer_hurry(sink);
}

static void logstash_finish(void *sink)
{
    peer_finish(sink);
}

static void logstash_acknowledge(void *sink, int wait_ms,
                                 struct sink_status *status)
{
    (void)wait_ms;
    peer_acknowledge(sink, status);
}

static void logstash_answer(const void *sink, struct strbuf *out)
{
    peer_answer(sink, out);
}

static void logstash_close(void *sink, struct sink_status *status)
{
    *status = (struct sink_status){0};
    peer_free(sink);
}

const struct sink_kind *sink_logstash(void)
{
    static const struct sink_kind kind = {
        .name = "logstash",
        .form = "logstash;HOST;tcp|udp|tls;PORT",
        .fields_min = 3,
        .fields_max = 3,
        .parse = logstash_parse,
        .start = logstash_start,
        .offer = logstash_offer,
        .hurry = logstash_hurry,
        .finish = logstash_finish,
        .acknowledge = logstash_acknowledge,
        .answer = logstash_answer,
        .close = logstash_close,
    };

    return &kind;
}
