# frozen_string_literal: true

module Hda
  VERSION = "1.0.0"
end
