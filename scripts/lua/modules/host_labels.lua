-- host_labels: names that users gave, as far as this run has asked for them.
-- SPDX-License-Identifier: MIT
--
-- By address; false where there is none. A module of its own, so that it is
-- the global resolved_host_labels_cache before `hosts` is needed.

return {}
