# frozen_string_literal: true

# Frames and msgpack, as much of them as hda's protocol needs. SPDX-License-Identifier: BSD-2-Clause
module Hda
  module Wire
    class Error < StandardError; end

    MAGIC = "hda1"
    MIN = 1
    MAX = 1
    HELLO = 1
    WELCOME = 2
    ERROR = 3
    WANT = 16
    GO = 17
    LATER = 18
    BEGIN_DUMP = 19
    END_DUMP = 20
    ACK = 21
    DUMP_NOW = 22
    DUMP_ANSWER = 23
    GEM_STATE = 24
    REQUEST = 32
    ROW = 33
    DONE = 34
    END_MARK = "\0HDAEND\n".b.freeze
    HEADER = 12
    BODY_MAX = 1 << 20 # bytes of the largest body that the protocol allows (ROW)
    DEPTH_MAX = 16 # levels of nesting; the protocol's messages have three

    module_function

    # The first frame of what came so far, taken out of it: [type, Hash]; nil when it is not there as a whole. Raises Error.
    def take_frame(buf)
      return nil if buf.bytesize < HEADER
      length, type = buf.unpack("VC")
      raise Error, "a frame of #{length} bytes" if length > BODY_MAX
      return nil if buf.bytesize < HEADER + length
      map, = unpack(buf.slice!(0, HEADER + length).byteslice(HEADER, length), 0)
      raise Error, "a body that is not a map" unless map.is_a?(Hash)
      [type, map]
    end

    # One frame as bytes.
    def frame(type, seq, map)
      body = pack(map)
      [body.bytesize, type, 0, 0, seq].pack("VCCvV") << body
    end

    # Reads one frame from io until `deadline` (monotonic seconds): [type, Hash]. Raises Error, EOFError or a system error.
    def read_frame(io, deadline)
      length, type = read_exactly(io, HEADER, deadline).unpack("VC")
      raise Error, "a frame of #{length} bytes" if length > BODY_MAX
      map, = unpack(read_exactly(io, length, deadline), 0)
      raise Error, "a body that is not a map" unless map.is_a?(Hash)
      [type, map]
    end

    def read_exactly(io, n, deadline)
      buf = "".b
      while buf.bytesize < n
        piece = io.read_nonblock(n - buf.bytesize, exception: false)
        raise EOFError, "closed by the daemon" if piece.nil?
        next buf << piece unless piece == :wait_readable
        # Beside busy threads this one may come late to an answer that came in time: the clock is asked only when nothing is there.
        left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)
        raise Error, "no answer" if left <= 0
        IO.select([io], nil, nil, left)
      end
      buf
    end

    def pack(v)
      case v
      when nil then [0xc0].pack("C")
      when true then [0xc3].pack("C")
      when false then [0xc2].pack("C")
      when Integer then pack_int(v)
      when Float then [0xcb, v].pack("CG")
      when String then head(v.bytesize, 0xa0, 31, 0xd9, 0xda, 0xdb) << v.b
      when Array then v.inject(head(v.size, 0x90, 15, nil, 0xdc, 0xdd)) { |s, x| s << pack(x) }
      when Hash then v.inject(head(v.size, 0x80, 15, nil, 0xde, 0xdf)) { |s, (k, x)| s << pack(k.to_s) << pack(x) }
      else raise ArgumentError, "cannot pack #{v.class}"
      end
    end

    def pack_int(v)
      return [v].pack("C") if v >= 0 && v < 128
      return [0xcf, v].pack("CQ>") if v >= 0
      [0xd3, v].pack("Cq>")
    end

    def head(n, fix, fix_max, b8, b16, b32)
      return [fix | n].pack("C") if n <= fix_max
      return [b8, n].pack("CC") if b8 && n < 256
      n < 65_536 ? [b16, n].pack("Cn") : [b32, n].pack("CN")
    end

    # [value, position behind it]
    def unpack(s, i, depth = 0)
      raise Error, "a body nested too deep" if depth > DEPTH_MAX
      c = s.getbyte(i) or raise Error, "a body that ends in the middle"
      i += 1
      case c
      when 0..0x7f then [c, i]
      when 0xe0..0xff then [c - 256, i]
      when 0x80..0x8f then unpack_map(s, i, c & 15, depth)
      when 0x90..0x9f then unpack_array(s, i, c & 15, depth)
      when 0xa0..0xbf then unpack_str(s, i, c & 31)
      when 0xc0 then [nil, i]
      when 0xc2 then [false, i]
      when 0xc3 then [true, i]
      when 0xca then number(s, i, 4, "g")
      when 0xcb then number(s, i, 8, "G")
      when 0xcc then number(s, i, 1, "C")
      when 0xcd then number(s, i, 2, "n")
      when 0xce then number(s, i, 4, "N")
      when 0xcf then number(s, i, 8, "Q>")
      when 0xd0 then number(s, i, 1, "c")
      when 0xd1 then number(s, i, 2, "s>")
      when 0xd2 then number(s, i, 4, "l>")
      when 0xd3 then number(s, i, 8, "q>")
      when 0xd9 then unpack_str(s, i + 1, number(s, i, 1, "C")[0])
      when 0xda then unpack_str(s, i + 2, number(s, i, 2, "n")[0])
      when 0xdb then unpack_str(s, i + 4, number(s, i, 4, "N")[0])
      when 0xdc then unpack_array(s, i + 2, number(s, i, 2, "n")[0], depth)
      when 0xdd then unpack_array(s, i + 4, number(s, i, 4, "N")[0], depth)
      when 0xde then unpack_map(s, i + 2, number(s, i, 2, "n")[0], depth)
      when 0xdf then unpack_map(s, i + 4, number(s, i, 4, "N")[0], depth)
      else raise Error, "an encoding that hda does not use"
      end
    end

    def number(s, i, n, format)
      raise Error, "a body that ends in the middle" if s.bytesize < i + n
      [s.byteslice(i, n).unpack(format)[0], i + n]
    end

    def unpack_str(s, i, n)
      raise Error, "a body that ends in the middle" if s.bytesize < i + n
      [s.byteslice(i, n).force_encoding(Encoding::UTF_8), i + n]
    end

    def unpack_array(s, i, n, depth)
      raise Error, "a count beyond the body" if n > s.bytesize - i
      a = []
      n.times { v, i = unpack(s, i, depth + 1); a << v }
      [a, i]
    end

    def unpack_map(s, i, n, depth)
      raise Error, "a count beyond the body" if n > s.bytesize - i
      h = {}
      n.times { k, i = unpack(s, i, depth + 1); h[k], i = unpack(s, i, depth + 1) }
      [h, i]
    end
  end
end
