/* fields_shared: what several tables tell alike. SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "lua/fields_internal.h"

const char *fields_host_key(const struct addr *addr, uint16_t vlan,
                            char text[QUERY_LABEL])
{
    char ip[ADDR_TEXT_SIZE];

    addr_format(addr, ip);
    if (vlan != 0)
        snprintf(text, QUERY_LABEL, "%s@%u", ip, vlan);
    else
        snprintf(text, QUERY_LABEL, "%s", ip);
    return text;
}
