/* os: operating systems by what hosts say. SPDX-License-Identifier: MIT */
#include "core/packet/os.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct sign {
    const char *text;
    const char *os;
};

/* What tells 'A' from 'a'. */
#define CASE_BIT 0x20

/* All signs begin with a letter. The first that occurs decides: systems that
 * call themselves others' "like" come before those, families after their
 * members. */
static const struct sign agent_signs[] = {
    {"Windows Phone", "Windows Phone"},
    {"Xbox", "Xbox"},
    {"Windows NT 10", "Windows 10"},
    {"Windows NT 6.3", "Windows 8.1"},
    {"Windows NT 6.2", "Windows 8"},
    {"Windows NT 6.1", "Windows 7"},
    {"Windows NT 6.0", "Windows Vista"},
    {"Windows NT 5.2", "Windows XP"},
    {"Windows NT 5.1", "Windows XP"},
    {"Windows NT 5.0", "Windows 2000"},
    {"Microsoft-Windows/10", "Windows 10"},
    {"Microsoft-Windows/6.3", "Windows 8.1"},
    {"Microsoft-Windows/6.2", "Windows 8"},
    {"Microsoft-Windows/6.1", "Windows 7"},
    {"Microsoft-CryptoAPI/10", "Windows 10"},
    {"Microsoft-CryptoAPI/6.3", "Windows 8.1"},
    {"Microsoft-CryptoAPI/6.2", "Windows 8"},
    {"Microsoft-CryptoAPI/6.1", "Windows 7"},
    {"Microsoft-CryptoAPI", "Windows"},
    {"Microsoft NCSI", "Windows"},
    {"Windows", "Windows"},
    {"CrOS", "ChromeOS"},
    {"Tizen", "Tizen"},
    {"Web0S", "webOS"},
    {"webOS", "webOS"},
    {"KAIOS", "KaiOS"},
    {"Android", "Android"},
    {"Dalvik/", "Android"},
    {"AppleTV", "tvOS"},
    {"Apple TV", "tvOS"},
    {"watchOS", "watchOS"},
    {"iPhone", "iOS"},
    {"iPad", "iOS"},
    {"iPod", "iOS"},
    {"Macintosh", "macOS"},
    {"Mac OS X", "macOS"},
    {"macOS", "macOS"},
    {"PlayStation", "PlayStation"},
    {"Nintendo", "Nintendo"},
    {"FreeBSD", "FreeBSD"},
    {"OpenBSD", "OpenBSD"},
    {"NetBSD", "NetBSD"},
    {"SunOS", "Solaris"},
    {"Linux", "Linux"},
    {"Ubuntu", "Linux"},
    {"Debian", "Linux"},
};

/* Android's own client says "android-dhcp-13" or "dhcpcd-5.5.6:Linux-..:..";
 * the latter is right as Linux too. */
static const struct sign vendor_class_signs[] = {
    {"android", "Android"}, {"MSFT", "Windows"},
    {"XBOX", "Xbox"},       {"AAPLBSDPC", "macOS"},
    {"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"},
    {"NetBSD", "NetBSD"},   {"Linux", "Linux"},
    {"udhcp", "Linux"}, /* BusyBox */
};

/* Beginnings: a printer's model may contain any of these. */
static const struct sign model_signs[] = {
    {"iPhone", "iOS"},   {"iPad", "iOS"},      {"iPod", "iOS"},
    {"AppleTV", "tvOS"}, {"Watch", "watchOS"}, {"Mac", "macOS"},
    {"iMac", "macOS"},   {"Xserve", "macOS"},  {"RackMac", "macOS"},
};

static bool is_letter(char c)
{
    c |= CASE_BIT;
    return c >= 'a' && c <= 'z';
}

/* The first sign of the list that begins at `text`, of the first `count`;
 * `count` when none does. */
static size_t sign_at(const char *text, const struct sign *signs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (((text[0] ^ signs[i].text[0]) & ~CASE_BIT) == 0 &&
            strncasecmp(text, signs[i].text, strlen(signs[i].text)) == 0)
            return i;
    return count;
}

static const char *sign_find(const char *text, const struct sign *signs,
                             size_t count)
{
    size_t found = count;

    for (; *text != '\0' && found > 0; text++)
        if (is_letter(*text))
            found = sign_at(text, signs, found);
    return found < count ? signs[found].os : NULL;
}

#define SIGN_FIND(text, signs) \
    sign_find(text, signs, sizeof(signs) / sizeof(*(signs)))

const char *os_from_user_agent(const char *agent)
{
    return SIGN_FIND(agent, agent_signs);
}

const char *os_from_dhcp_vendor_class(const char *vendor_class)
{
    return SIGN_FIND(vendor_class, vendor_class_signs);
}

const char *os_from_model(const char *model)
{
    for (size_t i = 0; i < sizeof(model_signs) / sizeof(*model_signs); i++)
        if (strncmp(model, model_signs[i].text, strlen(model_signs[i].text)) ==
            0)
            return model_signs[i].os;
    return NULL;
}
