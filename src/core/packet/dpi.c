/* dpi: which application speaks, by nDPI 4.2. SPDX-License-Identifier: MIT */
/*
 * Life of a state: the first packet with something to look into borrows one
 * from the pool, each further packet feeds it, and when nDPI has nothing more
 * to find (or had enough packets) what it found is copied out and the state
 * goes back. TCP segments without payload are not shown to nDPI: it learns
 * nothing from them, and half of all packets cost nothing then.
 */
#include "core/packet/dpi.h"

#include <fcntl.h>
#include <ndpi/ndpi_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "core/util/pool.h"

/* As ndpiReader 4.2 gives up: packets of one flow. */
#define TCP_PACKETS_MAX 80
#define OTHER_PACKETS_MAX 24

struct dpi {
    struct ndpi_detection_module_struct *module;
    struct pool states; /* of struct ndpi_flow_struct */
    uint64_t refused;
};

/* Read the admin's own applications. nDPI tells of lines that it does not
 * know on standard output, where records may go: that is for standard error.
 * @return false when the file cannot be read. */
static bool load_protocols(struct ndpi_detection_module_struct *module,
                           const char *path)
{
    int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int result;

    fflush(stdout);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    result = ndpi_load_protocols_file(module, path);
    fflush(stdout);
    if (saved != -1) {
        dup2(saved, STDOUT_FILENO);
        close(saved);
    }
    return result >= 0;
}

struct dpi *dpi_new(const char *protocols_file, uint32_t max_states)
{
    struct dpi *dpi = mem_calloc(1, sizeof(*dpi));
    NDPI_PROTOCOL_BITMASK all;

    dpi->module = ndpi_init_detection_module(ndpi_no_prefs);
    if (dpi->module == NULL) {
        log_errorx("dpi", "nDPI does not start");
        free(dpi);
        return NULL;
    }
    NDPI_BITMASK_SET_ALL(all);
    ndpi_set_protocol_detection_bitmask2(dpi->module, &all);
    pool_init(&dpi->states, max_states, sizeof(struct ndpi_flow_struct));
    if (protocols_file != NULL &&
        !load_protocols(dpi->module, protocols_file)) {
        log_errorx("dpi", "cannot read the protocols file %s (option -p)",
                   protocols_file);
        dpi_free(dpi);
        return NULL;
    }
    ndpi_finalize_initialization(dpi->module);
    return dpi;
}

void dpi_free(struct dpi *dpi)
{
    if (dpi == NULL)
        return;
    ndpi_exit_detection_module(dpi->module);
    pool_clear(&dpi->states);
    free(dpi);
}

static bool speaks(const struct ndpi_flow_struct *found, uint16_t protocol)
{
    return found->detected_protocol_stack[0] == protocol ||
           found->detected_protocol_stack[1] == protocol;
}

static void keep_text(struct attrs_draft *draft, enum attr attr,
                      const char *text)
{
    if (text != NULL && text[0] != '\0')
        attrs_draft_text(draft, attr, text, strlen(text));
}

/*
 * nDPI's URL is the Host header and the request's path in one. The host may
 * carry a port that host_server_name has not, and be longer than it can hold.
 */
static void keep_http_url(struct attrs_draft *draft, const char *url)
{
    const char *path = url[0] == '/' ? url : strchr(url, '/');

    if (path == NULL)
        path = url;
    if (path > url)
        attrs_draft_text(draft, ATTR_HTTP_HOST, url, (size_t)(path - url));
    keep_text(draft, ATTR_HTTP_URL, path);
}

static void keep_http(struct attrs_draft *draft,
                      const struct ndpi_flow_struct *found)
{
    if (found->http.url == NULL && found->http.response_status_code == 0)
        return;
    keep_text(draft, ATTR_HTTP_HOST, found->host_server_name);
    if (found->http.url != NULL) {
        keep_http_url(draft, found->http.url);
        keep_text(draft, ATTR_HTTP_METHOD,
                  ndpi_http_method2str(found->http.method));
    }
    if (found->http.response_status_code != 0)
        attrs_draft_number(draft, ATTR_HTTP_RET_CODE,
                           found->http.response_status_code);
    keep_text(draft, ATTR_HTTP_USER_AGENT, found->http.user_agent);
    keep_text(draft, ATTR_HTTP_CONTENT_TYPE, found->http.content_type);
    keep_text(draft, ATTR_OS, found->http.detected_os);
}

static void keep_dns(struct attrs_draft *draft,
                     const struct ndpi_flow_struct *found)
{
    keep_text(draft, ATTR_DNS_QUERY, found->host_server_name);
    if (found->protos.dns.query_type != 0)
        attrs_draft_number(draft, ATTR_DNS_QUERY_TYPE,
                           found->protos.dns.query_type);
    if (found->protos.dns.is_query == 0)
        attrs_draft_number(draft, ATTR_DNS_RET_CODE,
                           found->protos.dns.reply_code);
}

static void keep_tls(struct attrs_draft *draft, struct ndpi_flow_struct *found)
{
    keep_text(draft, ATTR_TLS_SERVER_NAME, found->host_server_name);
    if (found->protos.tls_quic.ssl_version != 0) {
        char version[32];
        u_int8_t unknown;

        keep_text(draft, ATTR_TLS_VERSION,
                  ndpi_ssl_version2str(version, sizeof(version),
                                       found->protos.tls_quic.ssl_version,
                                       &unknown));
    }
    keep_text(draft, ATTR_TLS_ALPN, found->protos.tls_quic.alpn);
    keep_text(draft, ATTR_TLS_JA3C, found->protos.tls_quic.ja3_client);
    keep_text(draft, ATTR_TLS_JA3S, found->protos.tls_quic.ja3_server);
    keep_text(draft, ATTR_TLS_SUBJECT, found->protos.tls_quic.subjectDN);
    keep_text(draft, ATTR_TLS_ISSUER, found->protos.tls_quic.issuerDN);
}

static void keep_bittorrent(struct attrs_draft *draft,
                            const struct ndpi_flow_struct *found)
{
    const unsigned char *hash = found->protos.bittorrent.hash;
    char text[2 * sizeof(found->protos.bittorrent.hash) + 1];
    unsigned char any = 0;
    char *to = text;

    for (size_t i = 0; i < sizeof(found->protos.bittorrent.hash); i++) {
        any |= hash[i];
        *to++ = "0123456789abcdef"[hash[i] >> 4];
        *to++ = "0123456789abcdef"[hash[i] & 0xf];
    }
    *to = '\0';
    if (any != 0)
        keep_text(draft, ATTR_BITTORRENT_HASH, text);
}

static bool speaks_tls(const struct ndpi_flow_struct *found)
{
    return speaks(found, NDPI_PROTOCOL_TLS) ||
           speaks(found, NDPI_PROTOCOL_QUIC) ||
           speaks(found, NDPI_PROTOCOL_DTLS) ||
           speaks(found, NDPI_PROTOCOL_MAIL_SMTPS) ||
           speaks(found, NDPI_PROTOCOL_MAIL_IMAPS) ||
           speaks(found, NDPI_PROTOCOL_MAIL_POPS);
}

/* Copy out what nDPI found. Members of its union are read only where the
 * protocol that owns them was recognised. */
static void describe(struct ndpi_flow_struct *found, struct attrs **attrs)
{
    struct attrs_draft room;
    struct attrs_draft *draft = &room;

    attrs_draft(draft, *attrs);
    if (found->risk != 0)
        attrs_draft_number(draft, ATTR_RISKS, found->risk);
    keep_http(draft, found);
    if (speaks(found, NDPI_PROTOCOL_DNS)) {
        keep_dns(draft, found);
    } else if (speaks_tls(found)) {
        keep_tls(draft, found);
    } else if (speaks(found, NDPI_PROTOCOL_SSH)) {
        keep_text(draft, ATTR_SSH_CLIENT, found->protos.ssh.client_signature);
        keep_text(draft, ATTR_SSH_SERVER, found->protos.ssh.server_signature);
    } else if (speaks(found, NDPI_PROTOCOL_BITTORRENT)) {
        keep_bittorrent(draft, found);
    } else if (speaks(found, NDPI_PROTOCOL_DHCP)) {
        keep_text(draft, ATTR_DHCP_NAME, found->host_server_name);
        keep_text(draft, ATTR_DHCP_FINGERPRINT, found->protos.dhcp.fingerprint);
    } else if (found->http.url == NULL) {
        keep_text(draft, ATTR_SERVER_NAME, found->host_server_name);
    }
    attrs_keep(attrs, draft);
}

static void take_verdict(struct dpi_verdict *verdict, ndpi_protocol protocol)
{
    verdict->app = protocol.app_protocol;
    verdict->master = protocol.master_protocol;
    verdict->category = (uint8_t)protocol.category;
    if (verdict->app == 0) {
        verdict->app = verdict->master;
        verdict->master = 0;
    }
}

/* No more packets: fall back to ports and addresses where content told
 * nothing, then give the state back. */
static void conclude(struct dpi *dpi, uint32_t *state,
                     struct dpi_verdict *verdict, struct attrs **attrs)
{
    struct ndpi_flow_struct *found = pool_at(&dpi->states, *state);

    if (found->detected_protocol_stack[0] == NDPI_PROTOCOL_UNKNOWN) {
        u_int8_t guessed = 0;

        take_verdict(verdict,
                     ndpi_detection_giveup(dpi->module, found, 1, &guessed));
        verdict->is_guess = guessed != 0;
    }
    describe(found, attrs);
    ndpi_free_flow_data(found);
    pool_give(&dpi->states, *state);
    *state = POOL_NONE;
    verdict->is_final = true;
}

static bool had_enough(const struct ndpi_flow_struct *found, uint8_t l4_proto)
{
    return found->num_processed_pkts >=
           (l4_proto == IP_PROTO_TCP ? TCP_PACKETS_MAX : OTHER_PACKETS_MAX);
}

/* The least IP packet between these ends, as nDPI likes to see it.
 * @return its length in bytes. */
static uint16_t make_packet(uint8_t bytes[64], const struct dpi_ends *ends)
{
    uint16_t header = ends->ip_version == 4 ? 20 : 40;
    uint16_t l4 = ends->l4_proto == IP_PROTO_TCP ? 20 : 8;
    uint8_t *ports = bytes + header;

    memset(bytes, 0, 64);
    if (ends->ip_version == 4) {
        bytes[0] = 0x45;
        bytes[3] = (uint8_t)(header + l4);
        bytes[8] = 64;
        bytes[9] = ends->l4_proto;
        memcpy(bytes + 12, ends->client.bytes + 12, 4);
        memcpy(bytes + 16, ends->server.bytes + 12, 4);
    } else {
        bytes[0] = 0x60;
        bytes[5] = (uint8_t)l4;
        bytes[6] = ends->l4_proto;
        bytes[7] = 64;
        memcpy(bytes + 8, ends->client.bytes, 16);
        memcpy(bytes + 24, ends->server.bytes, 16);
    }
    ports[0] = (uint8_t)(ends->client_port >> 8);
    ports[1] = (uint8_t)ends->client_port;
    ports[2] = (uint8_t)(ends->server_port >> 8);
    ports[3] = (uint8_t)ends->server_port;
    if (ends->l4_proto == IP_PROTO_TCP) {
        ports[12] = 0x50;
        ports[13] = TCP_FLAG_SYN;
    } else if (ends->l4_proto == IP_PROTO_UDP) {
        ports[5] = 8;
    }
    return (uint16_t)(header + l4);
}

/* Nothing was ever looked into: let nDPI see a bare packet, so that its
 * tables of ports and addresses speak. */
static void guess(struct dpi *dpi, const struct dpi_ends *ends,
                  struct dpi_verdict *verdict)
{
    struct ndpi_flow_struct found;
    u_int8_t guessed = 0;
    uint8_t bytes[64];
    uint16_t len = make_packet(bytes, ends);

    memset(&found, 0, sizeof(found));
    take_verdict(verdict, ndpi_detection_process_packet(dpi->module, &found,
                                                        bytes, len, 0));
    if (verdict->app == NDPI_PROTOCOL_UNKNOWN)
        take_verdict(verdict,
                     ndpi_detection_giveup(dpi->module, &found, 1, &guessed));
    ndpi_free_flow_data(&found);
    verdict->is_guess = true;
    verdict->is_final = true;
}

void dpi_packet(struct dpi *dpi, uint32_t *state, const struct packet *packet,
                struct dpi_verdict *verdict, struct attrs **attrs)
{
    struct ndpi_flow_struct *found;
    uint32_t len = packet->l3_len < UINT16_MAX ? packet->l3_len : UINT16_MAX;

    if (packet->l4 == NULL ||
        (packet->l4_proto == IP_PROTO_TCP && packet->payload_len == 0))
        return;
    if (*state == POOL_NONE) {
        *state = pool_take(&dpi->states);
        if (*state == POOL_NONE) {
            struct dpi_ends ends = {
                .client = packet->src,
                .server = packet->dst,
                .client_port = packet->src_port,
                .server_port = packet->dst_port,
                .l4_proto = packet->l4_proto,
                .ip_version = packet->ip_version,
            };

            dpi->refused++;
            guess(dpi, &ends, verdict);
            return;
        }
    }
    found = pool_at(&dpi->states, *state);
    take_verdict(verdict, ndpi_detection_process_packet(
                              dpi->module, found, packet->l3, (uint16_t)len,
                              (uint64_t)(packet->when_us / 1000)));
    if (had_enough(found, packet->l4_proto) ||
        (verdict->app != NDPI_PROTOCOL_UNKNOWN &&
         !ndpi_extra_dissection_possible(dpi->module, found)))
        conclude(dpi, state, verdict, attrs);
}

void dpi_finish(struct dpi *dpi, uint32_t *state, const struct dpi_ends *ends,
                struct dpi_verdict *verdict, struct attrs **attrs)
{
    if (*state != POOL_NONE)
        conclude(dpi, state, verdict, attrs);
    else
        guess(dpi, ends, verdict);
}

void dpi_drop(struct dpi *dpi, uint32_t *state)
{
    if (*state == POOL_NONE)
        return;
    ndpi_free_flow_data(pool_at(&dpi->states, *state));
    pool_give(&dpi->states, *state);
    *state = POOL_NONE;
}

uint32_t dpi_states(const struct dpi *dpi)
{
    return dpi->states.count;
}

uint64_t dpi_refused(const struct dpi *dpi)
{
    return dpi->refused;
}

const char *dpi_app_name(const struct dpi *dpi, uint16_t app)
{
    return ndpi_get_proto_name(dpi->module, app);
}

const char *dpi_category_name(const struct dpi *dpi, uint8_t category)
{
    return ndpi_category_get_name(dpi->module, category);
}

uint8_t dpi_breed(const struct dpi *dpi, uint16_t app)
{
    unsigned breed = (unsigned)ndpi_get_proto_breed(dpi->module, app);

    return breed < DPI_BREEDS ? (uint8_t)breed : NDPI_PROTOCOL_UNRATED;
}

const char *dpi_breed_name(const struct dpi *dpi, uint16_t app)
{
    return ndpi_get_proto_breed_name(dpi->module,
                                     ndpi_get_proto_breed(dpi->module, app));
}

const char *dpi_risk_name(unsigned risk)
{
    return ndpi_risk2str((ndpi_risk_enum)risk);
}

bool dpi_risks_certificate(uint64_t risks)
{
    return (risks >> NDPI_TLS_CERTIFICATE_MISMATCH & 1) != 0;
}

const char *dpi_full_name(const struct dpi *dpi, uint16_t master, uint16_t app,
                          char *text, size_t size)
{
    if (master == 0 || master == app)
        snprintf(text, size, "%s", dpi_app_name(dpi, app));
    else
        snprintf(text, size, "%s.%s", dpi_app_name(dpi, master),
                 dpi_app_name(dpi, app));
    return text;
}

int dpi_app_id(const struct dpi *dpi, const char *name)
{
    for (uint16_t app = 0; app < dpi_apps(dpi); app++)
        if (strcasecmp(dpi_app_name(dpi, app), name) == 0)
            return app;
    return -1;
}

uint16_t dpi_apps(const struct dpi *dpi)
{
    unsigned count = ndpi_get_num_supported_protocols(dpi->module);

    return (uint16_t)(count < DPI_APPS ? count : DPI_APPS);
}

uint8_t dpi_app_category(const struct dpi *dpi, uint16_t app)
{
    ndpi_protocol protocol = {.app_protocol = app};

    return (uint8_t)ndpi_get_proto_category(dpi->module, protocol);
}

unsigned dpi_categories(void)
{
    return NDPI_PROTOCOL_NUM_CATEGORIES;
}

int dpi_category_id(const struct dpi *dpi, const char *name)
{
    for (unsigned id = 0; id < dpi_categories(); id++)
        if (strcasecmp(dpi_category_name(dpi, (uint8_t)id), name) == 0)
            return (int)id;
    return -1;
}

const char *dpi_version(void)
{
    return ndpi_revision();
}
