/* host_filter: hosts by an expression. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_HOST_FILTER_H
#define KELVIN_MODEL_HOST_FILTER_H

#include "core/model/iface.h"
#include "core/util/strbuf.h"

/*
 * As in `host 192.168.1.0/24 and app TLS and bytes > 1M`: the language of
 * flow_filter.h. Names are the keys of hosts' tables (field_host()), and
 *
 *     ip       = != in       an address; "in" takes networks, too
 *     net      = != in       a network or an address
 *     host     = != ~ in     a network, an address, or the name that is known
 *     mac      = != in       the latest one
 *     app      = != in       has traffic of it
 *     network  = != < <= > >=   index of the local network, -1 remote
 *     local    = !=          yes or no
 *     version  = !=          of IP, 4 or 6
 *     bytes packets flows    of both directions; flows are those now active
 */
struct host_filter;

/* As flow_filter_new() and its kin. */
struct host_filter *host_filter_new(const char *text, const struct dpi *dpi,
                                    struct strbuf *error);
void host_filter_free(struct host_filter *filter); /* NULL is fine */

/* Whether the host of this interface, with this index, is one of those. */
bool host_filter_matches(const struct host_filter *filter,
                         const struct iface *iface, uint32_t index);

#endif
