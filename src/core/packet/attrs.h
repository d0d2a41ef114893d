/* attrs: what applications say of a flow. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_ATTRS_H
#define KELVIN_PACKET_ATTRS_H

#include <stddef.h>
#include <stdint.h>

/* Texts and numbers that dissection finds in a few flows only. */
enum attr {
    ATTR_NONE,
    ATTR_RISKS, /* number: bit set of nDPI risks */
    ATTR_HTTP_HOST,
    ATTR_HTTP_URL,
    ATTR_HTTP_METHOD,
    ATTR_HTTP_RET_CODE, /* number, of the latest response */
    ATTR_HTTP_USER_AGENT,
    ATTR_HTTP_CONTENT_TYPE,
    ATTR_DNS_QUERY,
    ATTR_DNS_QUERY_TYPE,  /* number */
    ATTR_DNS_RET_CODE,    /* number */
    ATTR_TLS_SERVER_NAME, /* SNI, also of QUIC */
    ATTR_TLS_VERSION,
    ATTR_TLS_ALPN,
    ATTR_TLS_JA3C,
    ATTR_TLS_JA3S,
    ATTR_TLS_SUBJECT,
    ATTR_TLS_ISSUER,
    ATTR_SSH_CLIENT,
    ATTR_SSH_SERVER,
    ATTR_BITTORRENT_HASH,
    ATTR_DHCP_NAME,
    ATTR_DHCP_FINGERPRINT,
    ATTR_SERVER_NAME, /* a name of another protocol: NetBIOS, STUN, SIP ... */
    ATTR_OS,          /* of the client, by its user agent */
    ATTR_COUNT
};

#define ATTR_TEXT_MAX 512 /* bytes of one text; longer ones are cut */

/*
 * A packed list, one allocation per flow that has any; NULL is the empty
 * one. Free it with free().
 */
struct attrs;

/* Set a text, replacing what was there. Takes any bytes, keeps clean UTF-8
 * (utf8_clean) of at most ATTR_TEXT_MAX bytes. An empty text is not kept. */
void attrs_set_text(struct attrs **attrs, enum attr attr, const void *text,
                    size_t len);
void attrs_set_number(struct attrs **attrs, enum attr attr, uint64_t number);

/*
 * Many at once: a draft has room for all that there may be, and is copied
 * into one allocation when it is complete.
 *
 *   attrs_draft(&draft, attrs);
 *   attrs_draft_text(&draft, ATTR_HTTP_HOST, host, len);
 *   attrs_keep(&attrs, &draft);
 */
#define ATTRS_ENTRY_HEADER 3

struct attrs_draft {
    uint32_t len;
    unsigned char
        entries[ATTR_COUNT * (ATTRS_ENTRY_HEADER + ATTR_TEXT_MAX + 1)];
};

/* Begin with what there is; `from` may be NULL. */
void attrs_draft(struct attrs_draft *draft, const struct attrs *from);

/* As attrs_set_text() and attrs_set_number(). */
void attrs_draft_text(struct attrs_draft *draft, enum attr attr,
                      const void *text, size_t len);
void attrs_draft_number(struct attrs_draft *draft, enum attr attr,
                        uint64_t number);

/* Let the draft replace the list. */
void attrs_keep(struct attrs **attrs, const struct attrs_draft *draft);

/* Ask the processor for the beginning of a list, or for nothing. */
static inline void attrs_prefetch(const struct attrs *attrs)
{
    __builtin_prefetch(attrs);
}

/* The text, NUL-terminated, or NULL. Valid until the next set. */
const char *attrs_text(const struct attrs *attrs, enum attr attr);

/* The number, or `otherwise` when there is none. */
uint64_t attrs_number(const struct attrs *attrs, enum attr attr,
                      uint64_t otherwise);

#endif
