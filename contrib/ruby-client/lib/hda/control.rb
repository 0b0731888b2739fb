# frozen_string_literal: true

# The idle connection: silent until the daemon asks for a dump. SPDX-License-Identifier: BSD-2-Clause
require "hda/link"
require "hda/postponed"
require "hda/wire"

module Hda
  # Used by the hda thread alone. Nothing here waits but the greeting (Link::ANSWER_S at most).
  class Control
    BUFFER_MAX = 65_536 # bytes that came and are no whole frame: more is not our daemon

    # Raises Postponed.
    def initialize(config, identity)
      @link = Link.new(config, identity, "control")
      @buf = "".b
      @seq = 0
    end

    def io
      @link.io
    end

    def close
      @link.close
    end

    # Reads what is there; yields (token, seconds of tracing) for each DUMP_NOW. Raises Postponed when the connection is over.
    def read
      loop do
        piece = io.read_nonblock(4096, exception: false)
        break if piece == :wait_readable
        raise EOFError if piece.nil?
        @buf << piece
        raise Postponed.new(:daemon, nil, "a message of #{@buf.bytesize} bytes") if @buf.bytesize > BUFFER_MAX
      end
      while (type, map = Wire.take_frame(@buf))
        raise Postponed.new(:refused, nil, "#{map['code']} #{map['text']}") if type == Wire::ERROR
        yield map["token"].to_i, map["traced_s"].to_i if type == Wire::DUMP_NOW # others are of a later daemon
      end
    rescue Wire::Error, SystemCallError, IOError => e
      raise lost(e)
    end

    # Sends a message; raises Postponed when the daemon does not read.
    def send(type, map)
      bytes = Wire.frame(type, @seq += 1, map)
      n = io.write_nonblock(bytes, exception: false)
      raise Postponed.new(:daemon, nil, "the daemon does not read") unless n == bytes.bytesize
    rescue SystemCallError, IOError => e
      raise lost(e)
    end

    private

    # :gone is what a daemon that ends or is started anew looks like.
    def lost(err)
      gone = [EOFError, Errno::EPIPE, Errno::ECONNRESET].any? { |c| c === err }
      Postponed.new(gone ? :gone : :daemon, nil, gone ? "the daemon closed the connection" : err.message)
    end
  end
end
