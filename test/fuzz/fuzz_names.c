/* fuzz_names: DNS and self-introductions. SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../packet_check.h"
#include "core/packet/dns.h"
#include "core/packet/names.h"
#include "core/packet/os.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

/* The input: whose ports (see `ports`), then the UDP payload. */
static const uint16_t ports[] = {67, 137, 138, 1900, 5353, 5355, 53};

#define PORT_COUNT (sizeof(ports) / sizeof(*ports))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends within its array, and is clean: cleaning it again changes nothing. */
static void text_check(const char *text, size_t size)
{
    char again[512];
    size_t len = strnlen(text, size);

    PACKET_RULE(len < size);
    utf8_clean(again, sizeof(again), text, len);
    PACKET_RULE(strcmp(again, text) == 0);
}

static void hint_check(void *arg, const struct host_hint *hint)
{
    unsigned *count = arg;

    PACKET_RULE(++*count <= DNS_RECORDS_MAX);
    PACKET_RULE(hint->source < HINT_SOURCE_COUNT);
    PACKET_RULE(hint->has_ip || hint->has_mac);
    text_check(hint->name, sizeof(hint->name));
    text_check(hint->info, sizeof(hint->info));
    text_check(hint->fingerprint, sizeof(hint->fingerprint));
    text_check(hint->service, sizeof(hint->service));
    text_check(hint->usn, sizeof(hint->usn));
    text_check(hint->location, sizeof(hint->location));
    (void)os_from_user_agent(hint->info);
}

static void dns_check(struct dns *dns)
{
    struct dns_record record;
    struct addr addr;
    unsigned count = 0;

    text_check(dns->question.name, DNS_NAME_SIZE);
    (void)dns_reverse_addr(dns->question.name, &addr);
    while (dns_next(dns, &record)) {
        PACKET_RULE(++count <= DNS_RECORDS_MAX);
        PACKET_RULE(record.data >= dns->message &&
                    record.data + record.data_len <= dns->message + dns->len);
        text_check(record.name, DNS_NAME_SIZE);
        text_check(record.target, DNS_NAME_SIZE);
        (void)dns_reverse_addr(record.name, &addr);
    }
    PACKET_RULE(!dns_next(dns, &record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet packet = {.l4_proto = IP_PROTO_UDP};
    unsigned count = 0;
    struct dns dns;
    uint8_t *copy;

    if (size < 1)
        return 0;
    copy = mem_alloc(size);
    memcpy(copy, data + 1, size - 1);
    /* In memory of exactly its size: a byte too far is seen. */
    copy = mem_realloc(copy, size > 1 ? size - 1 : 1, 1);
    packet.src_port = packet.dst_port = ports[data[0] % PORT_COUNT];
    packet.src = addr_from_v4("\xc0\x00\x02\x07");
    packet.l4 = packet.payload = copy;
    packet.payload_len = (uint32_t)(size - 1);
    names_parse(&packet, hint_check, &count);
    if (dns_parse(&dns, copy, size - 1))
        dns_check(&dns);
    if (dns_parse_tcp(&dns, copy, size - 1))
        dns_check(&dns);
    free(copy);
    return 0;
}
