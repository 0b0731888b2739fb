# frozen_string_literal: true

# Counts requests: `use Hda::Rack`. SPDX-License-Identifier: BSD-2-Clause
require "hda"

module Hda
  class Rack
    def initialize(app)
      @app = app
      Hda.start(role: "web") unless Hda.started?
    end

    def call(env)
      @app.call(env)
    ensure
      Hda.tick
    end
  end
end
