/* flow_filter: flows by an expression. SPDX-License-Identifier: MIT */
#include "core/model/flow_filter.h"

#include <stdlib.h>

#include "core/model/filter_internal.h"
#include "core/util/mem.h"

struct flow_filter {
    struct filter filter;
    const struct mask *mask;
};

struct flow_filter *flow_filter_new(const char *text, const struct dpi *dpi,
                                    struct strbuf *error)
{
    static const struct filter_name names[] = {
        {"ip", VALUE_ADDR, NULL, true},
        {"net", VALUE_NET, NULL, true},
        {"host", VALUE_HOST, "host", true},
        {"mac", VALUE_MAC, NULL, true},
        {"network", VALUE_NUMBER, "network_id", true},
        {"proto", VALUE_PROTO, "PROTOCOL", false},
        {"app", VALUE_APP, "proto.ndpi", false},
        {"category", VALUE_CATEGORY, "proto.ndpi_cat", false},
        {"status", VALUE_NUMBER, "flow.status", false},
        {"established", VALUE_YES, "tcp_established", false},
        {"goodput", VALUE_NUMBER, "goodput_bytes", false},
    };
    const struct filter_language language = {
        names, sizeof(names) / sizeof(names[0]), field_flow(), true};

    struct flow_filter *filter = mem_calloc(1, sizeof(*filter));

    if (filter_parse(&filter->filter, text, &language, dpi, error))
        return filter;
    flow_filter_free(filter);
    return NULL;
}

void flow_filter_free(struct flow_filter *filter)
{
    if (filter == NULL)
        return;
    filter_clear(&filter->filter);
    free(filter);
}

void flow_filter_set_mask(struct flow_filter *filter, const struct mask *mask)
{
    filter->mask = mask;
}

bool flow_filter_matches(const struct flow_filter *filter,
                         const struct iface *iface, const struct flow *flow)
{
    struct field_source source = {.mask = filter->mask};

    field_of_flow(iface, flow, POOL_NONE, &source);
    return filter_matches(&filter->filter, &source);
}
