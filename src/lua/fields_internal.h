/* fields_internal: the field tables of src/lua. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_LUA_FIELDS_INTERNAL_H
#define KELVIN_LUA_FIELDS_INTERNAL_H

#include "lua/push.h"
#include "lua/query.h"

/* The rows of interfaces (section 2 of the contract), which ask the kernel,
 * too; without what needs a walk: tcpFlowStats, and in stats the numbers of
 * flows and hosts. */
const struct field_rows *fields_iface(void);

/* "10.0.0.1", or "10.0.0.1@5" in a VLAN. @return text. */
const char *fields_host_key(const struct addr *addr, uint16_t vlan,
                            char text[QUERY_LABEL]);

#endif
