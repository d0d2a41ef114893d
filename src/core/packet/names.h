/* names: what hosts say of themselves. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_NAMES_H
#define KELVIN_PACKET_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet/addr.h"
#include "core/packet/packet.h"

#define HINT_TEXT_SIZE 128
#define HINT_URL_SIZE 256

enum hint_source {
    HINT_DHCP,    /* RFC 2131, ports 67 and 68 */
    HINT_NETBIOS, /* RFC 1002, ports 137 and 138 */
    HINT_MDNS,    /* RFC 6762, port 5353 */
    HINT_LLMNR,   /* RFC 4795, port 5355 */
    HINT_SSDP,    /* UPnP Device Architecture 1.1, port 1900 */
    HINT_SOURCE_COUNT
};

/* DHCP message types (RFC 2132, 9.6). */
enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM,
};

/*
 * Something that a host said of itself, or a server of its client. Whatever
 * is not told is zero or "". Texts are valid UTF-8 without control
 * characters, cut to fit; they are claims of strangers all the same.
 */
struct host_hint {
    enum hint_source source;
    bool has_ip;
    bool has_mac;
    uint8_t mac[MAC_SIZE]; /* DHCP client, NetBIOS unit id */
    struct addr ip;        /* whom it is about; see dhcp_type */

    /* DHCP: DHCP_ACK means that `ip` is now this client's; in other types it
     * is the client's own address (ciaddr), or the one that it asks for or is
     * offered. 0: BOOTP or not DHCP. */
    uint8_t dhcp_type;
    uint8_t netbios_suffix; /* 0x00 workstation, 0x20 file server ... */

    /* Host name: DHCP option 12, NetBIOS name, mDNS name without ".local". */
    char name[HINT_TEXT_SIZE];
    /* What it is: DHCP vendor class (option 60), NetBIOS work group, model of
     * mDNS TXT records, SSDP's SERVER or USER-AGENT. */
    char info[HINT_TEXT_SIZE];
    char fingerprint[HINT_TEXT_SIZE]; /* DHCP option 55 as "1,3,6,15" */
    char service[HINT_TEXT_SIZE];     /* SSDP: its ST or NT */
    char usn[HINT_TEXT_SIZE];         /* SSDP */
    char location[HINT_URL_SIZE];     /* SSDP: URL of the description */
    const char *os; /* short name as os.h gives it, or NULL; constant */
};

/*
 * Look into a UDP packet of the ports above and call `found` for each thing
 * it tells, at most a few dozen times. Other packets cost two comparisons.
 * DNS (port 53) is not handled here. The hint is gone when `found` returns.
 */
void names_parse(const struct packet *packet,
                 void (*found)(void *arg, const struct host_hint *hint),
                 void *arg);

#endif
