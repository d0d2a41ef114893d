/* flow_filter: flows by an expression. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FLOW_FILTER_H
#define KELVIN_MODEL_FLOW_FILTER_H

#include <stdbool.h>

#include "core/model/iface.h"
#include "core/model/mask.h"
#include "core/util/strbuf.h"

/*
 * As in `host 192.168.1.0/24 and app TLS and bytes > 1M`, or
 * `ip=10.0.0.1 and (port in (80, 443) or app=TLS) and not vlan=5`:
 *
 *   expression = conjunction { "or" conjunction }
 *   conjunction = negation { "and" negation }
 *   negation = [ "not" ] negation | "(" expression ")" | test
 *   test = name [ operator ] value
 *        | name [ "not" ] "in" ( value | "(" value { "," value } ")" )
 *        | name                                            that is yes or no
 *   operator = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~"
 *   value = word | '"' any text, \" and \\ for themselves '"'
 *
 * Words of the language and names are the same in any case. No operator is
 * `=`; `~` is "contains" in any case, for texts; order is for numbers. Numbers
 * are decimal and may end in k, M or G (thousands). What an entity does not
 * have is 0, "" or no.
 *
 * Names are the keys of tables and records, field_flow(): `cli2srv.bytes`,
 * `IN_BYTES`, `tcp.nw_latency.client`, `tls.version` ... A name of an end
 * ("cli." or "srv." before it) without that prefix is true for either end;
 * `!=` is the opposite of `=`, so that "port!=443" means that neither end has
 * it. Besides there are
 *
 *   of an end
 *     ip       = != in       an address; "in" takes networks, too
 *     net      = != in       a network as 10.0.0.0/8, or an address
 *     host     = != ~ in     a network, an address, or the name that is known
 *     mac      = != in       as 02:00:00:00:00:0a
 *     network  = != < <= > >=   index of the local network, -1 remote
 *     local    = !=          yes or no
 *   of the flow
 *     version  = !=          4 or 6
 *     proto    = != in       name or number of the IP protocol
 *     app      = != ~ in     application or its master, by name or nDPI
 *                            number; ~ looks into "Master.App"
 *     category = != ~ in     of the application
 *     status   = != < <= > >=   number, enum flow_status
 *     established = !=       yes or no
 *     goodput retransmissions lost out_of_order   of both directions
 */
struct flow_filter;

#define FILTER_TEXT_MAX 2048 /* bytes of an expression */
#define FILTER_TESTS_MAX 64
#define FILTER_DEPTH_MAX 32 /* "(" and "not" in each other */

/* Parse an expression; applications are looked up now, with `dpi`. Free it
 * with flow_filter_free().
 * @return NULL with one line in `error` that names the place. */
struct flow_filter *flow_filter_new(const char *text, const struct dpi *dpi,
                                    struct strbuf *error);

/* Let it know as little of these hosts as who asks; the mask must outlive the
 * filter. NULL, as at first: none is hidden. */
void flow_filter_set_mask(struct flow_filter *filter, const struct mask *mask);

void flow_filter_free(struct flow_filter *filter); /* NULL is fine */

/* Whether the flow of this interface is one of those; also one that just
 * ended, during the observer's call. */
bool flow_filter_matches(const struct flow_filter *filter,
                         const struct iface *iface, const struct flow *flow);

#endif
