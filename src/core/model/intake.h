/* intake: what a decoded frame changes. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_INTAKE_H
#define KELVIN_MODEL_INTAKE_H

#include "core/model/iface.h"

/* Take in one frame as decoded, which came at the interface's clock: the
 * interface's totals, devices for ARP, its flow for IP. The packet and the
 * bytes behind it are not needed any more afterwards. */
void intake_packet(struct iface *iface, const struct packet *packet);

#endif
