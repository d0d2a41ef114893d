/* names_internal: the protocols of names. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_NAMES_INTERNAL_H
#define KELVIN_PACKET_NAMES_INTERNAL_H

#include <stddef.h>

#include "core/packet/names.h"

/* One call of names_parse(); `packet` has a UDP payload. */
struct names_call {
    const struct packet *packet;
    void (*found)(void *arg, const struct host_hint *hint);
    void *arg;
};

/* An empty hint about the sender of the packet. */
struct host_hint hint_of_sender(const struct names_call *call,
                                enum hint_source source);

/* Copy text of the packet, without blanks and NULs at its ends. */
void hint_text(char *to, size_t size, const void *from, size_t len);

/* One per protocol; each calls call->found for what it finds. */
void names_dhcp(const struct names_call *call);
void names_netbios(const struct names_call *call);          /* port 137 */
void names_netbios_datagram(const struct names_call *call); /* port 138 */
void names_mdns(const struct names_call *call);
void names_llmnr(const struct names_call *call);
void names_ssdp(const struct names_call *call);

#endif
