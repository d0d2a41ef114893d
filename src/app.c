/* app: all parts of the running program. SPDX-License-Identifier: MIT */
#include "app.h"

#include <stdio.h>

#include "core/util/utf8.h"

bool app_fail(struct app *app)
{
    (void)utf8_clean(app->error.text, app->error.len + 1, app->error.text,
                     app->error.len);
    fprintf(stderr, "kelvin: %s\n", app->error.text);
    return false;
}
