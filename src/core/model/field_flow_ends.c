/* field_flow_ends: who talks, where, about what. SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "core/model/field_internal.h"
#include "core/model/flow_view.h"
#include "core/packet/l4.h"

/* Ends */

static const struct host *host_of(const struct field *field,
                                  const struct field_source *source)
{
    return flow_host(source->iface, source->flow, field->way);
}

static bool is_masked(const struct field *field,
                      const struct field_source *source)
{
    return mask_hides(source->mask, &source->flow->key.addr[field->way]);
}

/* What stands for a masked address. */
static struct addr no_addr(const struct flow *flow)
{
    static const uint8_t zero[4];

    return flow->key.ip_version == 4 ? addr_from_v4(zero)
                                     : (struct addr){{{0}}};
}

FIELD_GET(field_flow_mac)
{
    static const uint8_t none[MAC_SIZE];
    uint32_t index =
        is_masked(field, source) ? POOL_NONE : source->flow->device[field->way];

    static_assert(sizeof(value->buffer) >= MAC_TEXT_SIZE, "a MAC fits");
    value->text = mac_format(
        index != POOL_NONE ? devices_at(&source->iface->devices, index)->mac
                           : none,
        value->buffer);
    return field_shown(index != POOL_NONE);
}

FIELD_GET(field_flow_ip)
{
    static_assert(sizeof(value->buffer) >= ADDR_TEXT_SIZE, "an address fits");
    struct addr none = no_addr(source->flow);

    value->text = addr_format(
        is_masked(field, source) ? &none : &source->flow->key.addr[field->way],
        value->buffer);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_ip_of_version)
{
    return source->flow->key.ip_version == field->detail
               ? field_flow_ip(field, source, value)
               : FIELD_NONE;
}

FIELD_GET(field_flow_ip_number)
{
    value->number = is_masked(field, source)
                        ? 0
                        : addr_number(&source->flow->key.addr[field->way]);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_port)
{
    value->number = source->flow->key.port[field->way];
    return FIELD_FOUND;
}

FIELD_GET(field_flow_host)
{
    if (is_masked(field, source))
        return field_flow_ip(field, source, value);
    value->text =
        flow_label(source->iface, source->flow, field->way, value->buffer);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_is_system)
{
    const struct host *host = host_of(field, source);

    value->flag = host != NULL && (host->flags & HOST_SYSTEM) != 0;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_is_seen)
{
    value->flag =
        !is_masked(field, source) &&
        (source->seen == NULL ||
         network_find(source->seen, &source->flow->key.addr[field->way]) >= 0);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_network)
{
    value->number = flow_network(source->iface, source->flow, field->way);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_is_local)
{
    value->flag = flow_network(source->iface, source->flow, field->way) >= 0;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_is_private)
{
    value->flag = addr_is_private(&source->flow->key.addr[field->way]);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_asn)
{
    const struct group *as = flow_as(source->iface, source->flow, field->way);

    value->number = as != NULL ? as->id : 0;
    return field_shown(as != NULL);
}

FIELD_GET(field_flow_country)
{
    const struct group *country =
        flow_country(source->iface, source->flow, field->way);

    value->text = country != NULL ? country->name : "";
    return field_shown(country != NULL);
}

FIELD_GET(field_flow_city)
{
    const struct host *host = host_of(field, source);
    bool is_known = host != NULL && host->city != NULL;

    value->text = is_known ? host->city : "";
    return field_shown(is_known);
}

FIELD_GET(field_flow_degrees)
{
    const struct host *host = host_of(field, source);

    if (host == NULL || !host->has_location)
        return FIELD_NONE;
    value->decimal =
        (double)(field->detail == 0 ? host->latitude : host->longitude);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_place)
{
    const struct host *host = host_of(field, source);
    const double scale = pow(10, FIELD_PLACE_DECIMALS);

    if (host == NULL || !host->has_location)
        return FIELD_NONE;
    /* False for what is no number, too: it comes from a file of others. */
    if (!(fabsf(host->longitude) <= 180 && fabsf(host->latitude) <= 90))
        return FIELD_NONE;
    value->place[0] = (int32_t)lround((double)host->longitude * scale);
    value->place[1] = (int32_t)lround((double)host->latitude * scale);
    return FIELD_FOUND;
}

/* What it is about */

FIELD_GET(field_flow_vlan)
{
    (void)field;
    value->number = source->flow->key.vlan;
    return field_shown(value->number != 0);
}

FIELD_GET(field_flow_version)
{
    (void)field;
    value->number = source->flow->key.ip_version;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_l4_number)
{
    (void)field;
    value->number = source->flow->key.l4_proto;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_l4)
{
    (void)field;
    value->text = l4_name(source->flow->key.l4_proto, value->buffer);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_app)
{
    (void)field;
    value->number = flow_app(source->flow);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_app_name)
{
    const struct dpi *dpi = engine_dpi(source->iface->engine);
    uint16_t master = source->flow->master;
    uint16_t app = flow_app(source->flow);

    (void)field;
    if (master == 0 || master == app)
        value->text = dpi_app_name(dpi, app);
    else
        value->text = dpi_full_name(dpi, master, app, value->buffer,
                                    sizeof(value->buffer));
    return FIELD_FOUND;
}

FIELD_GET(field_flow_app_name_shown)
{
    (void)field;
    value->text = flow_app_shown(source->iface, source->flow, value->buffer,
                                 sizeof(value->buffer));
    return FIELD_FOUND;
}

FIELD_GET(field_flow_breed)
{
    (void)field;
    value->text = dpi_breed_name(engine_dpi(source->iface->engine),
                                 flow_app(source->flow));
    return FIELD_FOUND;
}

FIELD_GET(field_flow_category)
{
    (void)field;
    value->text = dpi_category_name(engine_dpi(source->iface->engine),
                                    source->flow->category);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_attr)
{
    value->text = attrs_text(source->flow->attrs, field->detail);
    return field_found(value->text != NULL);
}

FIELD_GET(field_flow_attr_number)
{
    value->number =
        (int64_t)attrs_number(source->flow->attrs, field->detail, INT64_MAX);
    return field_found(value->number != INT64_MAX);
}

FIELD_GET(field_flow_server_name)
{
    (void)field;
    value->text = flow_server_name(source->flow);
    return field_found(value->text != NULL);
}

FIELD_GET(field_flow_info)
{
    (void)field;
    value->text = flow_info(source->flow);
    return FIELD_FOUND;
}

/* The common name in the subject of a certificate: "CN=name, O=..". */
FIELD_GET(field_flow_certificate)
{
    const char *subject = attrs_text(source->flow->attrs, ATTR_TLS_SUBJECT);
    const char *name = subject;
    size_t len;

    (void)field;
    while (name != NULL && strncmp(name, "CN=", 3) != 0) {
        name = strchr(name, ',');
        if (name != NULL)
            name += 1 + strspn(name + 1, " ");
    }
    if (name == NULL)
        return FIELD_NONE;
    len = strcspn(name + 3, ",");
    if (len >= sizeof(value->buffer))
        len = sizeof(value->buffer) - 1;
    memcpy(value->buffer, name + 3, len);
    value->buffer[len] = '\0';
    value->text = value->buffer;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_has_tls)
{
    static const uint8_t texts[] = {ATTR_TLS_VERSION, ATTR_TLS_JA3C,
                                    ATTR_TLS_JA3S, ATTR_TLS_ALPN};

    (void)field;
    (void)value;
    for (size_t i = 0; i < sizeof(texts); i++)
        if (attrs_text(source->flow->attrs, texts[i]) != NULL)
            return FIELD_FOUND;
    return FIELD_NONE;
}

FIELD_LISTS(field_flow_risks)
{
    uint64_t risks = attrs_number(source->flow->attrs, ATTR_RISKS, 0);

    (void)field;
    for (unsigned risk = 0; risk < 64; risk++)
        if ((risks >> risk & 1) != 0)
            field_put_text(sink, NULL, dpi_risk_name(risk));
}

FIELD_GET(field_flow_is_icmp)
{
    (void)field;
    (void)value;
    return field_found(l4_group(source->flow->key.l4_proto) == L4_ICMP);
}

FIELD_GET(field_flow_icmp)
{
    value->number =
        field->detail == 0 ? source->flow->icmp.type : source->flow->icmp.code;
    return FIELD_FOUND;
}
