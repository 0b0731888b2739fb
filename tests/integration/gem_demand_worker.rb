# frozen_string_literal: true

# For gem_demand.sh: a process that ticks until it is told to end. Environment: MIN_INTERVAL, EVERY. SPDX-License-Identifier: BSD-2-Clause
require "hda"

KEPT = []
Hda.start(app: "shop", role: "worker", every: Integer(ENV.fetch("EVERY", "1000000")), min_interval: ENV.fetch("MIN_INTERVAL").to_f, headroom: 0)
until $stdin.wait_readable(0.002)
  KEPT << "job #{KEPT.size}"
  Hda.tick("PriceJob")
end
