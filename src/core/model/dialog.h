/* dialog: what applications' messages tell. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_DIALOG_H
#define KELVIN_MODEL_DIALOG_H

#include "core/model/iface.h"

/*
 * Looks into the messages that say something of hosts: DNS questions and
 * answers, HTTP requests and status lines, ICMP, and the protocols of names.h.
 * Cheap for all other packets: ports and the first payload bytes decide.
 */
void dialog_packet(struct iface *iface, struct flow *flow,
                   const struct packet *packet, bool from_server);

/* The flow is decided: what its client said names the server, where nobody
 * knows better, and tells the client's operating system. */
void dialog_decided(struct iface *iface, struct flow *flow);

#endif
