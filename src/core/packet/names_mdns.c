/* names_mdns: mDNS and LLMNR host names. SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "core/packet/bytes.h"
#include "core/packet/dns.h"
#include "core/packet/names_internal.h"
#include "core/packet/os.h"

#define LOCAL ".local"

/* Whether the name lies in mDNS's domain (RFC 6762, 3); cuts that off. */
static bool local_strip(char name[DNS_NAME_SIZE])
{
    size_t len = strlen(name), cut = sizeof(LOCAL) - 1;

    if (len <= cut || strcmp(name + len - cut, LOCAL) != 0)
        return false;
    name[len - cut] = '\0';
    return true;
}

static void address_tell(const struct names_call *call,
                         const struct dns_record *record,
                         enum hint_source source)
{
    struct host_hint hint = {
        .source = source, .has_ip = true, .ip = record->addr};

    hint_text(hint.name, sizeof(hint.name), record->name, strlen(record->name));
    if (hint.name[0] != '\0' && !addr_is_zero(&hint.ip) &&
        !addr_is_multicast(&hint.ip))
        call->found(call->arg, &hint);
}

/*
 * What a service calls the device: Apple's device-info has "model", Google's
 * cast "md", AirPlay "am" and printers "ty". @return the value's length.
 */
static size_t model_find(const struct dns_record *record, const char **model)
{
    static const char *const keys[] = {"model=", "md=", "am=", "ty="};
    struct bytes in = bytes_of(record->data, record->data_len);

    while (bytes_left(&in) > 0) {
        size_t len = bytes_u8(&in);
        const char *text = (const char *)bytes_take(&in, len);

        for (size_t i = 0; text && i < sizeof(keys) / sizeof(*keys); i++) {
            size_t key_len = strlen(keys[i]);

            if (len > key_len && strncasecmp(text, keys[i], key_len) == 0) {
                *model = text + key_len;
                return len - key_len;
            }
        }
    }
    return 0;
}

/* TXT records of services (RFC 6763, 6) are about who sends them. */
static void service_tell(const struct names_call *call,
                         const struct dns_record *record)
{
    struct host_hint hint = hint_of_sender(call, HINT_MDNS);
    const char *model = NULL;
    size_t len = model_find(record, &model);

    if (len == 0 || !hint.has_ip)
        return;
    hint_text(hint.info, sizeof(hint.info), model, len);
    hint.os = os_from_model(hint.info);
    if (hint.info[0] != '\0')
        call->found(call->arg, &hint);
}

/* Responses tell; queries carry only what the asker believes already. A time
 * to live of zero takes back (RFC 6762, 10.1). */
void names_mdns(const struct names_call *call)
{
    struct dns_record record;
    struct dns dns;

    if (!dns_parse(&dns, call->packet->payload, call->packet->payload_len) ||
        !dns.is_response || dns.opcode != 0)
        return;
    while (dns_next(&dns, &record)) {
        if (record.ttl == 0 || !local_strip(record.name))
            continue;
        if (record.has_addr)
            address_tell(call, &record, HINT_MDNS);
        else if (record.type == DNS_TYPE_TXT)
            service_tell(call, &record);
    }
}

/* LLMNR answers for single labels (RFC 4795, 3). */
void names_llmnr(const struct names_call *call)
{
    struct dns_record record;
    struct dns dns;

    if (!dns_parse(&dns, call->packet->payload, call->packet->payload_len) ||
        !dns.is_response || dns.opcode != 0 || dns.rcode != 0)
        return;
    while (dns_next(&dns, &record))
        if (record.has_addr && !strchr(record.name, '.'))
            address_tell(call, &record, HINT_LLMNR);
}
