# contrib/ruby-client: the gem hda.
