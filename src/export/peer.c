/* peer: who takes records over a network. SPDX-License-Identifier: MIT */
#include "export/peer.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "export/datagram.h"
#include "export/finder.h"
#include "export/stream.h"
#include "export/stream_tls.h"

struct peer {
    char *host;
    uint16_t port;
    struct finder *finder;
    struct stream *stream;     /* tcp, tls */
    struct datagram *datagram; /* udp */
};

/* Make what the protocol's name asks for. */
static bool choose(struct peer *peer, const char *protocol, struct spec *spec,
                   struct strbuf *error)
{
    if (strcmp(protocol, "tcp") == 0) {
        peer->stream = stream_new(NULL);
    } else if (strcmp(protocol, "udp") == 0) {
        peer->datagram = datagram_new();
    } else if (strcmp(protocol, "tls") == 0) {
        struct stream_tls *tls = stream_tls_new(spec, peer->host, error);

        if (tls == NULL)
            return false;
        peer->stream = stream_new(tls);
    } else {
        strbuf_puts(error, "the protocol must be tcp, udp or tls");
        return false;
    }
    return true;
}

struct peer *peer_new(struct spec *spec, size_t first, struct strbuf *error)
{
    struct peer *peer = mem_calloc(1, sizeof(*peer));

    peer->host = mem_strdup(spec_field(spec, first));
    if (!finder_is_host(peer->host)) {
        strbuf_puts(error, "this is not the name of a host");
    } else if (spec_port(spec_field(spec, first + 2), &peer->port, error) &&
               choose(peer, spec_field(spec, first + 1), spec, error)) {
        peer->finder = finder_new(peer->host, peer->port);
        return peer;
    }
    peer_free(peer);
    return NULL;
}

struct peer *peer_new_local(const char *path)
{
    struct peer *peer = mem_calloc(1, sizeof(*peer));

    peer->datagram = datagram_new();
    peer->finder = finder_new_local(path);
    return peer;
}

void peer_free(struct peer *peer)
{
    if (peer == NULL)
        return;
    stream_free(peer->stream);
    datagram_free(peer->datagram);
    finder_free(peer->finder);
    free(peer->host);
    free(peer);
}

void peer_start(struct peer *peer, const struct sink_host *host)
{
    finder_start(peer->finder, host->loop);
    if (peer->stream != NULL)
        stream_start(peer->stream, peer->finder, host);
    else
        datagram_start(peer->datagram, peer->finder, host);
}

bool peer_is_datagram(const struct peer *peer)
{
    return peer->datagram != NULL;
}

bool peer_put(struct peer *peer, const char *head, size_t head_len,
              const char *body, size_t body_len)
{
    return peer->stream != NULL
               ? stream_put(peer->stream, head, head_len, body, body_len)
               : datagram_put(peer->datagram, head, head_len, body, body_len);
}

void peer_flush(struct peer *peer)
{
    if (peer->stream != NULL)
        stream_flush(peer->stream);
}

void peer_hurry(struct peer *peer)
{
    if (peer->stream != NULL)
        stream_hurry(peer->stream);
}

void peer_finish(struct peer *peer)
{
    if (peer->stream != NULL)
        stream_finish(peer->stream);
}

void peer_acknowledge(struct peer *peer, struct sink_status *status)
{
    if (peer->stream != NULL)
        stream_acknowledge(peer->stream, status);
    else
        datagram_acknowledge(peer->datagram, status);
}

void peer_answer(const struct peer *peer, struct strbuf *out)
{
    if (peer->stream != NULL)
        stream_answer(peer->stream, out);
    else
        strbuf_puts(out, "datagrams have no answer");
}
