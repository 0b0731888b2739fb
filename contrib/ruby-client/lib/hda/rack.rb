# frozen_string_literal: true

# Counts requests: `use Hda::Rack`. SPDX-License-Identifier: BSD-2-Clause
require "hda"
require "hda/counting"

module Hda
  # A request counts when the application has answered it, or raised. Nothing of the request is looked at.
  class Rack
    def initialize(app)
      @app = app
      Counting.start unless defined?(Hda::Railtie)
    end

    def call(env)
      Counting.around(nil) { @app.call(env) }
    end
  end
end
