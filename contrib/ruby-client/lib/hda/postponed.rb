# frozen_string_literal: true

# SPDX-License-Identifier: BSD-2-Clause
module Hda
  # A dump, or a connection, that cannot be now. kind: a Symbol, the class of failure. delay: seconds until another try makes sense;
  # nil: the usual back-off.
  class Postponed < StandardError
    attr_reader :kind, :delay

    def initialize(kind, delay, text)
      super(text)
      @kind = kind
      @delay = delay
    end
  end
end
