/* metrics_open: metrics as OpenMetrics wants them. SPDX-License-Identifier:
 * MIT */
#include "http/metrics_open.h"

#include <stdlib.h>
#include <string.h>

#define OPEN "application/openmetrics-text"
#define PLAIN "text/plain"
#define TOTAL "_total"

/* The weight of a type in an Accept header: 1 without one, 0 when the type is
 * not there. */
static double weight(const char *accept, const char *type)
{
    const char *at = accept != NULL ? strstr(accept, type) : NULL;
    const char *end, *q;

    if (at == NULL)
        return 0;
    end = at + strcspn(at, ",");
    q = strstr(at, ";q=");
    return q != NULL && q < end ? strtod(q + 3, NULL) : 1;
}

bool metrics_open_wanted(const struct request *request)
{
    const char *accept = request_header(request, "Accept");
    double open = weight(accept, OPEN);

    return open > 0 && open >= weight(accept, PLAIN);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

void metrics_open_write(struct strbuf *out, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        size_t name_end = 0;

        if (begins(text, "# HELP ") || begins(text, "# TYPE "))
            name_end = 7 + strcspn(text + 7, " ");
        if (name_end > 7 + strlen(TOTAL) && name_end <= len &&
            begins(text + name_end - strlen(TOTAL), TOTAL)) {
            strbuf_add(out, text, name_end - strlen(TOTAL));
            strbuf_add(out, text + name_end, len - name_end);
        } else {
            strbuf_add(out, text, len);
        }
        strbuf_add(out, "\n", 1);
        text += len + (text[len] == '\n');
    }
    strbuf_puts(out, "# EOF\n");
}
