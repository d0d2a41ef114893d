/* dns: messages of DNS, mDNS and LLMNR. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_DNS_H
#define KELVIN_PACKET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/addr.h"

/* A name as text with its NUL: RFC 1035, 2.3.4 allows 255 bytes encoded. */
#define DNS_NAME_SIZE 256
/* Records read of one message; the rest is left unread. */
#define DNS_RECORDS_MAX 64

/* Record types that kelvin treats by name (IANA DNS parameters). */
enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_NB = 32,     /* RFC 1002, 4.2.1.3 */
    DNS_TYPE_NBSTAT = 33, /* RFC 1002; SRV in DNS itself */
};

enum dns_section {
    DNS_SECTION_ANSWER,
    DNS_SECTION_AUTHORITY,
    DNS_SECTION_ADDITIONAL,
};

/*
 * Names are text: labels joined by dots, ASCII letters in lower case, valid
 * UTF-8 (utf8_clean), a dot within a label as '?', the root as "". `class`
 * is without its top bit, which mDNS uses otherwise (RFC 6762, 18.12).
 */
struct dns_question {
    uint16_t type; /* 0: the message has no question */
    uint16_t class;
    char name[DNS_NAME_SIZE];
};

struct dns_record {
    enum dns_section section;
    uint16_t type;
    uint16_t class;
    uint32_t ttl;  /* seconds */
    bool has_addr; /* an A or AAAA record of the right length */
    struct addr addr;
    uint16_t data_len;
    const uint8_t *data; /* RDATA, in the message; inside the captured bytes */
    char name[DNS_NAME_SIZE];
    char target[DNS_NAME_SIZE]; /* of CNAME and PTR, else "" */
};

/* One message: its header and first question, and how far it was read. */
struct dns {
    uint16_t id;
    bool is_response;
    bool is_truncated;
    uint8_t opcode;
    uint8_t rcode;
    uint16_t counts[4]; /* questions, answers, authorities, additionals */
    struct dns_question question;

    const uint8_t *message;
    size_t len;
    size_t next;   /* offset of the next record */
    uint16_t read; /* records read so far */
};

/*
 * Read the header and the first question of a message as UDP carries it
 * (RFC 1035, 4.1). The bytes must outlive `dns`. A message that is cut off
 * behind its first question, as a short snap length does, has no records.
 * @return false when it is not DNS: no whole header or first question.
 */
bool dns_parse(struct dns *dns, const void *bytes, size_t len);

/* The same for TCP: a first segment that begins with the message's length
 * (RFC 1035, 4.2.2). What a later segment holds is missing. */
bool dns_parse_tcp(struct dns *dns, const void *bytes, size_t len);

/*
 * Read the next record, through all three sections in order.
 * @return false after the last, after DNS_RECORDS_MAX, or at the first that
 * is cut off or lies (pointers not backwards, names over 255 bytes).
 */
bool dns_next(struct dns *dns, struct dns_record *record);

/* The address of "4.3.2.1.in-addr.arpa" or of the 32 nibbles in ip6.arpa
 * (RFC 1035, 3.5; RFC 3596, 2.5), in any case, with or without final dot.
 * @return false when the name is not a whole address. */
bool dns_reverse_addr(const char *name, struct addr *addr);

#endif
