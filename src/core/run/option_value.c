/* option_value: text to value, by type. SPDX-License-Identifier: MIT */
#include "core/run/option_value.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

#define SHOWN_MAX 120 /* bytes of a value that a message repeats */

static const char *const flow_classes[OPTIONS_FLOW_CLASSES] = {
    [OPTIONS_FLOW_TCP_OPENING] = "tcp-opening",
    [OPTIONS_FLOW_TCP_ESTABLISHED] = "tcp-established",
    [OPTIONS_FLOW_TCP_CLOSED] = "tcp-closed",
    [OPTIONS_FLOW_UDP] = "udp",
    [OPTIONS_FLOW_ICMP] = "icmp",
    [OPTIONS_FLOW_OTHER] = "other",
};

static const char *const host_sets[] = {
    [OPTIONS_HOSTS_NONE] = "none",
    [OPTIONS_HOSTS_LOCAL] = "local",
    [OPTIONS_HOSTS_REMOTE] = "remote",
    [OPTIONS_HOSTS_ALL] = "all",
};

#define HOST_SETS (sizeof(host_sets) / sizeof(host_sets[0]))

const char *option_flow_class_name(enum options_flow_class flow_class)
{
    return flow_classes[flow_class];
}

void option_add_text(struct strbuf *error, const char *text, size_t len)
{
    char shown[SHOWN_MAX + 1];
    size_t given = utf8_clean(shown, sizeof(shown), text, len);

    strbuf_add(error, shown, given);
    if (given < len && given > SHOWN_MAX - 4)
        strbuf_puts(error, "...");
}

void option_begin_error(const struct option_where *where)
{
    if (where->file == NULL)
        return;
    option_add_text(where->error, where->file, strlen(where->file));
    strbuf_printf(where->error, ":%u: ", where->line);
}

/* What is being set: the arguments that all setters share. */
struct setting {
    struct options *options;
    const struct option_row *row;
    const char *value;
    const struct option_where *where;
};

static bool refuse(const struct setting *setting, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "--name 'value' " and the reason; always false. */
static bool refuse(const struct setting *setting, const char *format, ...)
{
    struct strbuf *error = setting->where->error;
    char reason[512];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    option_begin_error(setting->where);
    strbuf_printf(error, "--%s", setting->row->name);
    if (setting->value != NULL && !setting->row->secret) {
        strbuf_puts(error, " '");
        option_add_text(error, setting->value, strlen(setting->value));
        strbuf_puts(error, "'");
    }
    strbuf_printf(error, ": %s", reason);
    return false;
}

/* Decimal digits alone, as strtol() lets blanks and signs pass. */
static bool parse_number(const char *text, size_t len, long min, long max,
                         long *number)
{
    long sum = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || sum > max / 10)
            return false;
        sum = sum * 10 + (text[i] - '0');
    }
    *number = sum;
    return len > 0 && sum >= min && sum <= max;
}

static void *member(const struct setting *setting)
{
    return (char *)setting->options + setting->row->offset;
}

static bool set_flag(const struct setting *setting)
{
    *(bool *)member(setting) = true;
    return true;
}

static bool set_int(const struct setting *setting)
{
    const struct option_row *row = setting->row;
    long number;

    if (!parse_number(setting->value, strlen(setting->value), row->min,
                      row->max, &number))
        return refuse(setting, "must be a number from %ld to %ld%s%s", row->min,
                      row->max, row->unit != NULL ? " " : "",
                      row->unit != NULL ? row->unit : "");
    *(int *)member(setting) = (int)number;
    return true;
}

static bool is_meaningful(const struct setting *setting, const char *text)
{
    struct strbuf reason;
    bool is_good = true;

    if (setting->row->check == NULL)
        return true;
    strbuf_init(&reason, 256);
    if (!setting->row->check(text, &reason))
        is_good = refuse(setting, "%s", reason.text);
    strbuf_free(&reason);
    return is_good;
}

static bool set_text(const struct setting *setting)
{
    const struct option_row *row = setting->row;
    const char *value = setting->value;
    size_t len = strlen(value);
    char **text = member(setting);
    char *copy;

    if (row->unquote && len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    if (len < (size_t)row->min)
        return refuse(setting, "must not be empty");
    if (len > (size_t)row->max)
        return refuse(setting, "must not be longer than %ld bytes", row->max);
    copy = mem_calloc(len + 1, 1);
    memcpy(copy, value, len);
    if (!is_meaningful(setting, copy)) {
        free(copy);
        return false;
    }
    free(*text);
    *text = copy;
    return true;
}

/* A copy that holds wherever the process goes, or NULL after refusing. */
static char *absolute_path(const struct setting *setting)
{
    const char *path = setting->value;
    char *here;
    struct strbuf full;

    if (*path == '\0') {
        refuse(setting, "must not be empty");
        return NULL;
    }
    if (*path == '/')
        return mem_strdup(path);
    here = getcwd(NULL, 0);
    if (here == NULL) {
        refuse(setting, "cannot tell the working directory: %s",
               strerror(errno));
        return NULL;
    }
    strbuf_init(&full, strlen(here) + 1 + strlen(path));
    strbuf_printf(&full, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
    free(here);
    return strbuf_take(&full);
}

static bool set_path(const struct setting *setting)
{
    char **text = member(setting);
    char *path = absolute_path(setting);

    if (path == NULL)
        return false;
    free(*text);
    *text = path;
    return true;
}

/* Takes the string. */
static bool append(struct options_list *list, char *item)
{
    list->items =
        mem_realloc(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = item;
    return true;
}

static bool set_list(const struct setting *setting)
{
    if (*setting->value == '\0')
        return refuse(setting, "must not be empty");
    return append(member(setting), mem_strdup(setting->value));
}

static bool set_paths(const struct setting *setting)
{
    char *path = absolute_path(setting);

    return path != NULL && append(member(setting), path);
}

static bool set_hosts(const struct setting *setting)
{
    size_t i;

    for (i = 0; i < HOST_SETS; i++) {
        if (strcmp(setting->value, host_sets[i]) == 0) {
            *(enum options_hosts *)member(setting) = (enum options_hosts)i;
            return true;
        }
    }
    return refuse(setting, "must be all, local, remote or none");
}

/* One "N" or "N-M" of a list of cores. */
static bool parse_cores(const char *text, size_t len, long max, cpu_set_t *set)
{
    const char *dash = memchr(text, '-', len);
    size_t first_len = dash != NULL ? (size_t)(dash - text) : len;
    long first, last;

    if (!parse_number(text, first_len, 0, max, &first))
        return false;
    last = first;
    if (dash != NULL &&
        !parse_number(dash + 1, len - first_len - 1, first, max, &last))
        return false;
    for (; first <= last; first++)
        CPU_SET((size_t)first, set);
    return true;
}

static bool set_cores(const struct setting *setting)
{
    const char *at = setting->value;
    cpu_set_t cores;

    CPU_ZERO(&cores);
    for (;;) {
        size_t len = strcspn(at, ",");

        if (!parse_cores(at, len, setting->row->max, &cores))
            return refuse(setting,
                          "must be core numbers from 0 to %ld, as 0,2-3",
                          setting->row->max);
        if (at[len] == '\0')
            break;
        at += len + 1;
    }
    *(cpu_set_t *)member(setting) = cores;
    return true;
}

/* What -i of ntopng understands besides, and kelvin does not. */
static const char *foreign_interface(const char *name)
{
    static const char *const prefixes[] = {
        "tcp://", "view:", "bridge:", "divert:", "nf:", "dummy:"};
    size_t i;

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return prefixes[i];
    return NULL;
}

static bool set_interface(const struct setting *setting)
{
    struct options *options = setting->options;
    const char *given = setting->value;
    size_t len = strcspn(given, ";");
    const char *foreign = foreign_interface(given);
    struct options_interface *added;

    if (foreign != NULL)
        return refuse(setting,
                      "kelvin has no %s interfaces; it reads network "
                      "interfaces and capture files",
                      foreign);
    if (len == 0)
        return refuse(setting, "must name an interface or a file");
    options->interfaces =
        mem_realloc(options->interfaces, options->interface_count + 1,
                    sizeof(*options->interfaces));
    added = &options->interfaces[options->interface_count++];
    added->given = mem_strdup(given);
    added->name = mem_strdup(given);
    added->name[len] = '\0';
    added->filter = given[len] == ';' ? mem_strdup(given + len + 1) : NULL;
    return true;
}

/* One "CLASS=SECONDS". */
static bool parse_timeout(const char *text, size_t len,
                          const struct option_row *row, int *timeouts,
                          bool *given)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    long seconds;
    size_t i;

    for (i = 0; i < OPTIONS_FLOW_CLASSES; i++)
        if (strlen(flow_classes[i]) == name_len &&
            memcmp(flow_classes[i], text, name_len) == 0)
            break;
    if (equals == NULL || i == OPTIONS_FLOW_CLASSES ||
        !parse_number(equals + 1, len - name_len - 1, row->min, row->max,
                      &seconds))
        return false;
    timeouts[i] = (int)seconds;
    given[i] = true;
    return true;
}

static bool set_timeout(const struct setting *setting)
{
    const struct option_row *row = setting->row;
    const char *at = setting->value;
    int timeouts[OPTIONS_FLOW_CLASSES];

    memcpy(timeouts, member(setting), sizeof(timeouts));
    for (;;) {
        size_t len = strcspn(at, ",");

        if (!parse_timeout(at, len, row, timeouts,
                           setting->options->flow_timeout_given))
            return refuse(setting,
                          "must be CLASS=SECONDS, a class of tcp-opening, "
                          "tcp-established, tcp-closed, udp, icmp, other, "
                          "and %ld to %ld seconds",
                          row->min, row->max);
        if (at[len] == '\0')
            break;
        at += len + 1;
    }
    memcpy(member(setting), timeouts, sizeof(timeouts));
    return true;
}

/* By type; those without a setter store nothing and end the reading. */
static bool (*const setters[])(const struct setting *setting) = {
    [OPTION_FLAG] = set_flag,
    [OPTION_INT] = set_int,
    [OPTION_TEXT] = set_text,
    [OPTION_PATH] = set_path,
    [OPTION_LIST] = set_list,
    [OPTION_PATHS] = set_paths,
    [OPTION_HOSTS] = set_hosts,
    [OPTION_CORES] = set_cores,
    [OPTION_INTERFACE] = set_interface,
    [OPTION_TIMEOUT] = set_timeout,
    [OPTION_RUN] = set_path,
    [OPTION_HELP] = NULL,
    [OPTION_VERSION] = NULL,
};

bool option_set(struct options *options, const struct option_row *row,
                const char *value, const struct option_where *where)
{
    struct setting setting = {options, row, value, where};

    if (row->argument == NULL && value != NULL)
        return refuse(&setting, "takes no value");
    if (row->argument != NULL && value == NULL)
        return refuse(&setting, "needs a value, %s", row->argument);
    if (setters[row->type] == NULL)
        return refuse(&setting, "is for the command line only");
    return setters[row->type](&setting);
}

void option_set_presets(struct options *options)
{
    struct strbuf error;
    struct option_where where = {.error = &error};
    const struct option_row *rows;
    size_t count, i;

    *options = (struct options){0};
    strbuf_init(&error, 0);
    rows = option_rows(&count);
    for (i = 0; i < count; i++) {
        if (rows[i].preset != NULL) {
            bool is_valid =
                option_set(options, &rows[i], rows[i].preset, &where);

            assert(is_valid);
            (void)is_valid;
        } else if (rows[i].type == OPTION_INT) {
            *(int *)((char *)options + rows[i].offset) = -1;
        }
    }
    memset(options->flow_timeout_given, 0, sizeof(options->flow_timeout_given));
}
