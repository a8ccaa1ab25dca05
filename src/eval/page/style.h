#pragma once

namespace oasis::eval::page {

/// The pages' CSS: light and dark, phone to desktop, only fonts of the system.
const char* style_sheet();

}  // namespace oasis::eval::page
