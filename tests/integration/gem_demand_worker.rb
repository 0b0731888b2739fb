# frozen_string_literal: true

# For gem_demand.sh: a process that ticks until it is told to end. SPDX-License-Identifier: BSD-2-Clause
require "hda"

KEPT = []
Hda.start(app: "shop", role: "worker", every: 1_000_000, min_interval: ENV.fetch("MIN_INTERVAL").to_f, headroom: 0)
until $stdin.wait_readable(0.002)
  KEPT << "job #{KEPT.size}"
  Hda.tick("PriceJob")
end
