/* filter_match: is it one of those. SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "core/model/filter_internal.h"
#include "core/model/flow_view.h"

/* What no row tells */

static bool in_net(const struct addr *addr, const struct filter_value *value)
{
    unsigned whole = value->prefix / 8;
    unsigned rest = value->prefix % 8;

    if (memcmp(addr->bytes, value->addr.bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((addr->bytes[whole] ^ value->addr.bytes[whole]) >> (8 - rest)) == 0;
}

static const struct addr *addr_of(const struct field_source *source,
                                  enum way way)
{
    return source->flow != NULL ? &source->flow->key.addr[way]
                                : &source->host->addr;
}

/* What a reader is not shown cannot be found by asking for it either. */
static bool is_in_net(const struct field_source *source, enum way way,
                      const struct filter_value *net)
{
    const struct addr *addr = addr_of(source, way);

    return !mask_hides(source->mask, addr) && in_net(addr, net);
}

static bool has_mac(const struct field_source *source, enum way way,
                    const uint8_t mac[MAC_SIZE])
{
    uint32_t index =
        source->flow != NULL ? source->flow->device[way] : source->host->device;

    return index != POOL_NONE &&
           !mask_hides(source->mask, addr_of(source, way)) &&
           memcmp(devices_at(&source->iface->devices, index)->mac, mac,
                  MAC_SIZE) == 0;
}

static bool has_app(const struct field_source *source, uint16_t id)
{
    return source->flow != NULL ? flow_is_app(source->flow, id)
                                : host_app_bytes(source->host, id) != 0;
}

/* Tests */

#define COMPARE(left, op, right)         \
    ((op) == OP_LT   ? (left) < (right)  \
     : (op) == OP_LE ? (left) <= (right) \
     : (op) == OP_GT ? (left) > (right)  \
     : (op) == OP_GE ? (left) >= (right) \
                     : (left) == (right))

static bool test_text(const struct filter_node *node, const char *text)
{
    return node->op == OP_HAS ? strcasestr(text, node->value.text) != NULL
                              : strcasecmp(text, node->value.text) == 0;
}

/* Where the entity has none it is 0, "" or no. */
static bool test_field(const struct filter_node *node,
                       const struct field *field,
                       const struct field_source *source)
{
    struct field_value value;

    if (field->get(field, source, &value) == FIELD_NONE) {
        if (field->type == FIELD_TEXT)
            value.text = "";
        else if (field->type == FIELD_DECIMAL)
            value.decimal = 0;
        else
            value.number = 0;
    }
    switch (field->type) {
    case FIELD_NUMBER:
        return COMPARE(value.number, node->op, node->value.number);
    case FIELD_THOUSANDTHS:
        return COMPARE((double)value.number / 1000, node->op,
                       node->value.decimal);
    case FIELD_DECIMAL:
        return COMPARE(value.decimal, node->op, node->value.decimal);
    case FIELD_TEXT:
        return test_text(node, value.text);
    case FIELD_FLAG:
        return value.flag == (node->value.number != 0);
    default:
        return false; /* the parser accepts no such name */
    }
}

static bool test_end(const struct filter_node *node,
                     const struct field_source *source, enum way way)
{
    const struct filter_value *value = &node->value;

    switch (node->value_kind) {
    case VALUE_ADDR:
    case VALUE_NET:
        return is_in_net(source, way, value);
    case VALUE_HOST:
        if (value->is_net)
            return is_in_net(source, way, value);
        break;
    case VALUE_MAC:
        return has_mac(source, way, value->mac);
    case VALUE_APP:
        if (node->op != OP_HAS)
            return has_app(source, (uint16_t)value->number);
        break;
    default:
        break;
    }
    return test_field(node, node->field[way], source);
}

static bool test(const struct filter_node *node,
                 const struct field_source *source)
{
    if (!node->is_of_end)
        return test_end(node, source, WAY_SENT);
    if (node->end != FILTER_BOTH)
        return test_end(node, source, node->end);
    return test_end(node, source, WAY_SENT) || test_end(node, source, WAY_RCVD);
}

/* As deep as there are nodes at most. */
static bool is_true(const struct filter *filter, uint8_t place,
                    const struct field_source *source)
{
    const struct filter_node *node = &filter->nodes[place];
    bool is;

    if (node->kind == NODE_TEST)
        is = test(node, source);
    else if (node->kind == NODE_AND)
        is = is_true(filter, node->left, source) &&
             is_true(filter, node->right, source);
    else
        is = is_true(filter, node->left, source) ||
             is_true(filter, node->right, source);
    return is != node->is_not;
}

bool filter_matches(const struct filter *filter,
                    const struct field_source *source)
{
    return filter->is_empty || is_true(filter, filter->root, source);
}
