/* user: one of them, and which values are good. SPDX-License-Identifier: MIT
 */
#include "core/run/user.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

#define NAME_BYTES \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@"

struct user *user_hold(const struct user *user)
{
    struct user *held = (struct user *)(uintptr_t)user;

    held->holders++;
    return held;
}

void user_release(const struct user *user)
{
    struct user *held = (struct user *)(uintptr_t)user;

    if (held == NULL || --held->holders > 0)
        return;
    network_free(held->networks);
    explicit_bzero(held, sizeof(*held));
    free(held);
}

static bool is_everything(const char *nets)
{
    return nets[0] == '\0' || strcmp(nets, USER_ALL_NETS) == 0 ||
           strcmp(nets, "::/0,0.0.0.0/0") == 0;
}

static void set_nets(struct user *user, const char *nets)
{
    char why[128];

    if (is_everything(nets))
        return;
    user->networks = network_new();
    /* What does not fit is no list either: it must not become "", all. */
    if (strlen(nets) > USER_NETS_MAX)
        nets = "?";
    memcpy(user->nets, nets, strlen(nets) + 1);
    (void)network_parse(user->networks, nets, why, sizeof(why));
}

static bool is_number(const char *text)
{
    size_t len = strlen(text);

    return len <= USER_NUMBER_MAX && strspn(text, "0123456789") == len;
}

static void set_number(char to[USER_NUMBER_MAX + 1], const char *text)
{
    if (text != NULL && is_number(text))
        memcpy(to, text, strlen(text) + 1);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

struct user *user_new(const char *name, const char *password,
                      const struct user_values *values)
{
    struct user *user = mem_calloc(1, sizeof(*user));

    user->holders = 1;
    snprintf(user->name, sizeof(user->name), "%s", name);
    if (strlen(password) < sizeof(user->password))
        memcpy(user->password, password, strlen(password) + 1);
    (void)utf8_clean(user->full_name, sizeof(user->full_name),
                     or_empty(values->full_name),
                     strlen(or_empty(values->full_name)));
    if (strcmp(or_empty(values->group), "administrator") == 0)
        user->group = USER_ADMINISTRATOR;
    set_nets(user, or_empty(values->allowed_nets));
    /* Longer than names of interfaces are: cut short it is nobody's. */
    snprintf(user->iface, sizeof(user->iface), "%s",
             or_empty(values->allowed_ifname));
    set_number(user->host_pool, values->host_pool_id);
    set_number(user->lifetime, values->lifetime);
    return user;
}

const char *users_refuse_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > USER_NAME_MAX)
        return "must have 1 to 64 characters";
    if (strspn(name, NAME_BYTES) != len)
        return "may have letters, digits and _ - . @ only";
    return strcmp(name, "nologin") == 0 ? "is taken by who needs no login"
                                        : NULL;
}

static bool is_text(const char *text, size_t max)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text);
    bool is_good = left <= max;

    while (is_good && left > 0) {
        size_t step = utf8_sequence(at, left);

        is_good = step > 0 && !utf8_is_control(at, step);
        at += step;
        left -= step;
    }
    return is_good;
}

static bool is_net_list(const char *text)
{
    struct networks *networks = network_new();
    char why[128];
    bool is_good = strlen(text) <= USER_NETS_MAX &&
                   is_text(text, USER_NETS_MAX) &&
                   network_parse(networks, text, why, sizeof(why)) &&
                   network_count(networks) > 0;

    network_free(networks);
    return is_good;
}

const char *users_refuse_values(const struct user_values *values)
{
    if (values->full_name != NULL && !is_text(values->full_name, USER_TEXT_MAX))
        return "full_name must be a text of at most 128 bytes";
    if (values->group != NULL && strcmp(values->group, "administrator") != 0 &&
        strcmp(values->group, "unprivileged") != 0)
        return "group must be administrator or unprivileged";
    if (values->allowed_nets != NULL && !is_net_list(values->allowed_nets))
        return "allowed_nets must be networks such as 192.168.1.0/24";
    if (values->allowed_ifname != NULL &&
        !is_text(values->allowed_ifname, USER_TEXT_MAX))
        return "allowed_ifname must be the name of an interface";
    if (values->host_pool_id != NULL && !is_number(values->host_pool_id))
        return "host_pool_id must be a number";
    if (values->lifetime != NULL && !is_number(values->lifetime))
        return "lifetime must be a number of seconds";
    return NULL;
}
