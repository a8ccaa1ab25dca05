#pragma once

namespace oasis::eval::page {

/// Runs before the page shows: marks that scripts run, and keeps the first error of any script in
/// `data-error` of the root element.
const char* early_script();

/// Runs at the end of the page: sortable tables, cursors in plots, picture sliders. Without it
/// everything is readable, one thing below the other. It sets `data-ready` on the root element when
/// done, and `data-overflow` to the pixels by which the page is wider than the window.
const char* page_script();

}  // namespace oasis::eval::page
