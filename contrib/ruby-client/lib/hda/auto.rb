# frozen_string_literal: true

# For RUBYOPT=-rhda/auto: starts by the environment alone. SPDX-License-Identifier: BSD-2-Clause
require "hda"
Hda.start if Hda::Config::BOOLS[ENV["HDA"].to_s.downcase] || ENV["HEAP_DUMP"] == "true"
