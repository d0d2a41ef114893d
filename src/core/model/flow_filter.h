/* flow_filter: flows by an expression. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FLOW_FILTER_H
#define KELVIN_MODEL_FLOW_FILTER_H

#include <stdbool.h>

#include "core/model/iface.h"
#include "core/util/strbuf.h"

/*
 * As in `ip=10.0.0.1 and (port=443 or app=TLS) and not vlan=5`:
 *
 *   expression = conjunction { "or" conjunction }
 *   conjunction = negation { "and" negation }
 *   negation = [ "not" ] negation | "(" expression ")" | test
 *   test = name operator value
 *   operator = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~"
 *   value = word | '"' any text, \" and \\ for themselves '"'
 *
 * Words of the language and names are the same in any case; `~` is "contains"
 * in any case. A name of an end is that of either end, or of one with "cli."
 * or "srv." before it; `!=` is the opposite of `=`, so that "port!=443" means
 * that neither end has it. The empty expression is true. Names, their
 * operators and values:
 *
 *   of an end
 *     ip       = !=              an address
 *     net      = !=              a network as 10.0.0.0/8, or an address
 *     port     = != < <= > >=    a number; flows without ports have 0
 *     mac      = !=              as 02:00:00:00:00:0a
 *     host     = != ~            the name that is known for it, or its address
 *     country  = != ~            two letters
 *     asn      = != < <= > >=    AS number, 0 unknown
 *     network  = !=              index of the local network, -1 remote
 *     local    = !=              yes or no
 *   of the flow
 *     vlan     = != < <= > >=    0 untagged
 *     version  = !=              4 or 6
 *     proto    = !=              name or number of the IP protocol
 *     app      = != ~            application or its master, by name or nDPI
 *                                number; ~ looks into "Master.App"
 *     category = != ~            of the application
 *     info     = != ~            what it is about: server name, URL, query
 *     status   = != < <= > >=    number, enum flow_status
 *     established = !=           yes or no; no for what is not TCP
 *     bytes packets goodput      = != < <= > >=, of both directions; a number
 *     cli2srv.bytes srv2cli.bytes cli2srv.packets srv2cli.packets   the same
 *     duration                   the same, in whole seconds
 *     retransmissions lost out_of_order   the same, of both directions
 *
 * A number is decimal and may end in k, M or G (thousands).
 */
struct flow_filter;

#define FLOW_FILTER_TEXT_MAX 2048 /* bytes of an expression */
#define FLOW_FILTER_TESTS_MAX 64
#define FLOW_FILTER_DEPTH_MAX 32 /* "(" and "not" in each other */

/* Parse an expression; applications are looked up now, with `dpi`. Free it
 * with flow_filter_free().
 * @return NULL with one line in `error` that names the place. */
struct flow_filter *flow_filter_new(const char *text, const struct dpi *dpi,
                                    struct strbuf *error);
void flow_filter_free(struct flow_filter *filter); /* NULL is fine */

/* Whether the flow of this interface is one of those. */
bool flow_filter_matches(const struct flow_filter *filter,
                         const struct iface *iface, const struct flow *flow);

#endif
