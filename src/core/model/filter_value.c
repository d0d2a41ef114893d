/* filter_value: what values of filters say. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/model/filter_internal.h"
#include "core/packet/l4.h"

#define PREFIX_V4 96 /* bits before an IPv4 address, see addr.h */
#define NUMBER_MAX INT64_C(9000000000000000000)
#define NUMBER_DIGITS (NUMBER_MAX / 10)

/* Decimal digits, perhaps with a point among them, and k, M or G; a locale has
 * no say. @return false when it is no such number or too large. */
static bool read_decimal(const char *text, double *decimal, int64_t *number,
                         bool *is_whole)
{
    static const struct {
        char letter;
        double scale;
    } scales[] = {{'k', 1e3}, {'m', 1e6}, {'g', 1e9}};
    bool is_negative = *text == '-';
    bool has_point = false;
    double below = 1; /* what the digits are divided by */
    double scale = 1;
    uint64_t digits = 0;

    text += is_negative;
    if (*text < '0' || *text > '9')
        return false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !has_point);
         text++) {
        if (*text == '.') {
            has_point = true;
            continue;
        }
        if (digits > NUMBER_DIGITS)
            return false;
        digits = digits * 10 + (uint64_t)(*text - '0');
        if (has_point)
            below *= 10;
    }
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++)
        if ((*text | 0x20) == scales[i].letter) {
            scale = scales[i].scale;
            text++;
            break;
        }
    *decimal = (double)digits * scale / below;
    if (*text != '\0' || *decimal > (double)NUMBER_MAX)
        return false;
    *is_whole = fmod((double)digits * scale, below) == 0;
    *number = scale >= below ? (int64_t)(digits * (uint64_t)(scale / below))
                             : (int64_t)(digits / (uint64_t)(below / scale));
    if (is_negative) {
        *number = -*number;
        *decimal = -*decimal;
    }
    return true;
}

static bool read_number(const char *text, int64_t *number)
{
    double decimal;
    bool is_whole;

    return read_decimal(text, &decimal, number, &is_whole) && is_whole;
}

static bool read_net(const char *text, struct filter_value *value)
{
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char ip[ADDR_TEXT_SIZE];
    unsigned least = 0;
    unsigned bits = 128;

    if (len >= sizeof(ip))
        return false;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (!addr_parse(ip, &value->addr))
        return false;
    if (addr_is_v4(&value->addr))
        least = PREFIX_V4;
    if (slash != NULL) {
        char *end;
        unsigned long prefix = strtoul(slash + 1, &end, 10);

        if (slash[1] < '0' || slash[1] > '9' || *end != '\0' ||
            prefix > 128 - least)
            return false;
        bits = (unsigned)prefix + least;
    }
    value->prefix = (uint8_t)bits;
    return true;
}

static bool read_yes(const char *text, int64_t *number)
{
    static const char *const yes[] = {"yes", "true", "1"};
    static const char *const no[] = {"no", "false", "0"};

    for (int i = 0; i < 3; i++) {
        *number = strcasecmp(text, yes[i]) == 0;
        if (*number != 0 || strcasecmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

static bool read_id(const char *text, int id, unsigned limit, int64_t *number)
{
    *number = id;
    return id >= 0 || (read_number(text, number) && *number >= 0 &&
                       *number < (int64_t)limit);
}

bool filter_read_value(const struct dpi *dpi, enum filter_value_kind kind,
                       const char *text, struct filter_value *value)
{
    bool is_whole;

    value->text = text;
    switch (kind) {
    case VALUE_NUMBER:
        return read_number(text, &value->number);
    case VALUE_DECIMAL:
        return read_decimal(text, &value->decimal, &value->number, &is_whole);
    case VALUE_ADDR:
        value->prefix = 128;
        return addr_parse(text, &value->addr);
    case VALUE_NET:
        return read_net(text, value);
    case VALUE_HOST:
        value->is_net = read_net(text, value);
        return true;
    case VALUE_MAC:
        return mac_parse(text, value->mac);
    case VALUE_YES:
        return read_yes(text, &value->number);
    case VALUE_PROTO:
        value->number = l4_number(text);
        return value->number >= 0;
    case VALUE_APP:
        return read_id(text, dpi_app_id(dpi, text), DPI_APPS, &value->number);
    case VALUE_CATEGORY:
        if (!read_id(text, dpi_category_id(dpi, text), dpi_categories(),
                     &value->number))
            return false;
        value->text = dpi_category_name(dpi, (uint8_t)value->number);
        return true;
    default:
        return true;
    }
}
