# frozen_string_literal: true

# A job inside of a job, or of a request, is one. SPDX-License-Identifier: BSD-2-Clause
require "hda"

module Hda
  # For the middlewares: Sidekiq runs ActiveJob's jobs, and ActiveJob may run them inside of a request. The outermost counts.
  module Counting
    KEY = :hda_counting

    module_function

    # What was switched off by the application stays so, unless these options say otherwise.
    def start(**options)
      off = Hda.status[:reason] == SWITCHED_OFF && options[:enabled].nil?
      Hda.start(**options) unless Hda.started? || off
    end

    # Yields, then ticks, whatever happened. klass as in Hda.tick.
    def around(klass)
      t = Thread.current
      return yield if t[KEY]
      begin
        t[KEY] = true
        yield
      ensure
        t[KEY] = nil
        Hda.tick(klass)
      end
    end
  end
end
