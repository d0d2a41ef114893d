/* spec: what -F says. SPDX-License-Identifier: MIT */
#include "export/spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/mem.h"

#define SECRET_MAX 4096

/* "name=" with a name of small letters. */
static bool is_option(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

    return len > 0 && text[len] == '=';
}

static bool add_option(struct spec *spec, char *text, struct strbuf *error)
{
    char *value = strchr(text, '=');
    struct spec_option *option = &spec->options[spec->option_count];

    *value = '\0';
    if (spec_option(spec, text) != NULL) {
        strbuf_printf(error, "option %s is there twice", text);
        return false;
    }
    if (spec->option_count == SPEC_OPTIONS) {
        strbuf_puts(error, "too many options");
        return false;
    }
    *option = (struct spec_option){.name = text, .value = value + 1};
    spec->option_count++;
    return true;
}

bool spec_parse(struct spec *spec, const char *text, size_t min, size_t max,
                struct strbuf *error)
{
    char *rest;

    *spec = (struct spec){.text = mem_strdup(text)};
    rest = spec->text;
    spec->kind = strsep(&rest, ";");
    while (rest != NULL) {
        char *field = strsep(&rest, ";");

        if (spec->count >= min && is_option(field)) {
            if (!add_option(spec, field, error))
                return false;
        } else if (spec->option_count > 0 || spec->count >= max) {
            strbuf_puts(error, "too many fields");
            return false;
        } else {
            spec->fields[spec->count++] = field;
        }
    }
    for (size_t i = 0; i < spec->option_count; i++)
        spec->options[i].is_known = false;
    return true;
}

void spec_free(struct spec *spec)
{
    /* Its pieces end in NULs. */
    for (size_t i = 0; i < spec->count; i++)
        explicit_bzero((char *)spec->fields[i], strlen(spec->fields[i]));
    free(spec->text);
    *spec = (struct spec){0};
}

const char *spec_field(const struct spec *spec, size_t i)
{
    return i < spec->count ? spec->fields[i] : "";
}

const char *spec_option(struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->option_count; i++) {
        struct spec_option *option = &spec->options[i];

        if (strcmp(option->name, name) == 0) {
            option->is_known = true;
            return option->value;
        }
    }
    return NULL;
}

const char *spec_unknown(const struct spec *spec)
{
    for (size_t i = 0; i < spec->option_count; i++)
        if (!spec->options[i].is_known)
            return spec->options[i].name;
    return NULL;
}

struct unit {
    char letter;
    uint64_t factor;
};

static bool read_number(const char *text, const struct unit *units,
                        uint64_t *value)
{
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || !isdigit((unsigned char)*text))
        return false;
    for (; *end != '\0' && units->letter != '\0'; units++) {
        if (*end != units->letter)
            continue;
        if (number > UINT64_MAX / units->factor)
            return false;
        number *= units->factor;
        end++;
        break;
    }
    *value = number;
    return *end == '\0';
}

static bool number_option(struct spec *spec, const char *name,
                          const struct unit *units, uint64_t bounds[2],
                          uint64_t *value, struct strbuf *error)
{
    const char *text = spec_option(spec, name);
    uint64_t number;

    if (text == NULL)
        return true;
    if (!read_number(text, units, &number) || number < bounds[0] ||
        number > bounds[1]) {
        strbuf_printf(error, "%s must be a number from %llu to %llu", name,
                      (unsigned long long)bounds[0],
                      (unsigned long long)bounds[1]);
        return false;
    }
    *value = number;
    return true;
}

bool spec_size(struct spec *spec, const char *name, uint64_t min, uint64_t max,
               uint64_t *value, struct strbuf *error)
{
    static const struct unit units[] = {
        {'k', UINT64_C(1) << 10},
        {'M', UINT64_C(1) << 20},
        {'G', UINT64_C(1) << 30},
        {'\0', 0},
    };
    uint64_t bounds[2] = {min, max};

    return number_option(spec, name, units, bounds, value, error);
}

bool spec_seconds(struct spec *spec, const char *name, uint64_t min,
                  uint64_t max, uint64_t *value, struct strbuf *error)
{
    static const struct unit units[] = {
        {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'\0', 0},
    };
    uint64_t bounds[2] = {min, max};

    return number_option(spec, name, units, bounds, value, error);
}

bool spec_flag(struct spec *spec, const char *name, bool *value,
               struct strbuf *error)
{
    const char *text = spec_option(spec, name);

    if (text == NULL)
        return true;
    *value = strcmp(text, "yes") == 0;
    if (*value || strcmp(text, "no") == 0)
        return true;
    strbuf_printf(error, "%s must be yes or no", name);
    return false;
}

bool spec_port(const char *text, uint16_t *port, struct strbuf *error)
{
    static const struct unit none = {'\0', 0};
    uint64_t number;

    if (!read_number(text, &none, &number) || number < 1 || number > 65535) {
        strbuf_puts(error, "the port must be a number from 1 to 65535");
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

/* Secrets */

static bool is_file(const char *text)
{
    return text[0] == '@' && text[1] == '/';
}

static bool is_variable(const char *text)
{
    return text[0] == '$' &&
           (isalpha((unsigned char)text[1]) || text[1] == '_');
}

static char *read_secret(const char *path, struct strbuf *error)
{
    char line[SECRET_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t len = fd != -1 ? read(fd, line, SECRET_MAX) : -1;
    char *secret;

    if (len < 0)
        strbuf_printf(error, "secret in %s: %s", path, strerror(errno));
    if (fd != -1)
        close(fd);
    if (len < 0)
        return NULL;
    line[len] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    secret = mem_strdup(line);
    explicit_bzero(line, sizeof(line));
    return secret;
}

char *spec_secret(const char *text, struct strbuf *error)
{
    const char *value;

    if (is_file(text))
        return read_secret(text + 1, error);
    if (!is_variable(text))
        return mem_strdup(text);
    value = getenv(text + 1);
    if (value != NULL)
        return mem_strdup(value);
    strbuf_printf(error, "there is no environment variable %s", text + 1);
    return NULL;
}

void spec_forget(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

char *spec_public(const char *text, uint32_t secrets, size_t min)
{
    struct strbuf out;

    strbuf_init(&out, 4096);
    for (uint32_t bit = 0;; bit++) {
        size_t len = strcspn(text, ";");
        bool is_hidden = bit > 0 && bit < 32 && len > 0 &&
                         (secrets >> (bit - 1) & 1) != 0 && !is_file(text) &&
                         !is_variable(text) && !(bit > min && is_option(text));

        if (is_hidden)
            strbuf_puts(&out, "***");
        else
            strbuf_add(&out, text, len);
        text += len;
        if (*text++ == '\0')
            break;
        strbuf_puts(&out, ";");
    }
    return out.text != NULL ? strbuf_take(&out) : mem_strdup("");
}
